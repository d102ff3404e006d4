"""Floor 5: boards."""
