"""Floor 4: from a wish to verified files."""
