"""From models trained elsewhere to configs with integer weights."""
