"""Facts about firms from outside: one provider that answers in JSON over HTTP."""
