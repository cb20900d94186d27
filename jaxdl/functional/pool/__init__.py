"""Windows to one number each."""
