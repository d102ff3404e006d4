"""Circuits that every family shares: blocks, pipelines, multipliers, shifters."""
