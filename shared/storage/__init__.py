"""Azure Table Storage: one adapter for each port, all over one table client."""
