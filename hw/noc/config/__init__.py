"""Configs of the noc family."""
