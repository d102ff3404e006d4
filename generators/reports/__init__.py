"""Reports of other tools: read into one schema, compared, and written as tables."""
