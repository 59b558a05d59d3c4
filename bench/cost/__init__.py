"""What the app costs beside its peers, and beside another commit of it."""
