"""Floor 1: what a circuit is made of. Configs import neither torch nor amaranth."""
