"""What Microsoft sends, and how it becomes a `LeadPush`."""
