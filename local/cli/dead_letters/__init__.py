"""Dead letters for operators: look at what has been given up on, and send it again."""
