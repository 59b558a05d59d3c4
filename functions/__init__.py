"""Triggers: parse, one call, one answer."""
