"""From wishes to units of the noc family."""
