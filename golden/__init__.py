"""Floor 2: what is true. Bit-exact models on integer codes, and beside them the real-valued references."""
