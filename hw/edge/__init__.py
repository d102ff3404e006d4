"""Edges: what stands between a unit's streams and the buses that the outside speaks."""
