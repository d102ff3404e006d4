"""Training of the small networks that the demos run."""
