"""Boards that open tools build for: what is on them, and the way from a top level to a bitstream."""
