"""`dev.py deadletters`."""
