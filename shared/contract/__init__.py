"""What crosses the wire: bodies, messages, answers, events."""
