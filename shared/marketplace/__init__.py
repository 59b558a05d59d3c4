"""Parse what Microsoft sends into a `LeadPush`."""
