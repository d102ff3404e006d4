"""Spiking neurons and networks of them."""
