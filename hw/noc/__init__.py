"""Circuits of the noc family."""
