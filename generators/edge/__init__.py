"""Edges of a unit as files: Verilog around the emitted module, register map, packaged IP."""
