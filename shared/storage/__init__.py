"""Azure Table Storage: one adapter a port, over one table client."""
