"""The local stack, for development only: never deployed."""
