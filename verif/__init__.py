"""Floor 3: evidence. It sees Verilog, manifest and golden model, never a circuit's description."""
