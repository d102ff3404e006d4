"""Flows of other people's tools: synthesis and the reading of their reports."""
