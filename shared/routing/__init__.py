"""Assign leads to owners."""
