"""Erase people: on request, after the retention time, and from messages about them."""
