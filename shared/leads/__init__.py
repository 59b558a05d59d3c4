"""The lead: who it is, what happened to it, what falls due."""
