"""Board projects of the mac family."""
