"""Sweeps and searches over configs: which points, what is measured of them, and where they are kept."""
