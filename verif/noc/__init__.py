"""Evidence for the noc family."""
