"""The lead: its identity, events, follow-up and due work."""
