"""What is measured, never asserted: each against a named peer or baseline in the same run."""
