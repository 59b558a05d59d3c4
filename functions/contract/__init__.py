"""The API's document, made of what the code uses anyway; imported at the first request for it."""
