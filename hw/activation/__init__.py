"""Lookup activation tables and vector functions: circuits, and the configs that shape them."""
