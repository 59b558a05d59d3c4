"""Use cases: read, apply a pure change, write, publish."""
