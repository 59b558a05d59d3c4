"""Measures what the app costs, compared with a bare function app and with another commit."""
