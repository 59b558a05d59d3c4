"""Score leads: additive points, each with its reason."""
