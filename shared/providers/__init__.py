"""Facts about companies from an outside provider that answers in JSON over HTTP."""
