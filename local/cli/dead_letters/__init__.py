"""Dead letters for operators: look at messages that were given up, and send them again."""
