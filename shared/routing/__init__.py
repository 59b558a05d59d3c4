"""Who gets which lead."""
