"""Who is forgotten, when, and what is about them."""
