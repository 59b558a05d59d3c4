"""The benches: their pure parts, their arguments, and that nothing of them stays behind."""
