"""Triggers: parse the request, call one use case, translate its answer."""
