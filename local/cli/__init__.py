"""The commands of a developer, behind `dev.py`."""
