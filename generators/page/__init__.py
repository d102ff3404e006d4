"""Pages that need nothing but themselves: drawings, escapes, and what a unit's report shows."""
