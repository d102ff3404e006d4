"""The mathematics of the noc family."""
