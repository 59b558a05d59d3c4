"""Benches: measure, and assert nothing; each against a named peer or baseline in the same run."""
