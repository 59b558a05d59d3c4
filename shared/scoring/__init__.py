"""What a lead is worth, point by point."""
