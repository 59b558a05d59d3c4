"""The application properties that the desk sets on messages in its queues."""

REFUSAL = "refusal"  # why nobody works on it
ATTEMPTS = "attempts"  # how often it was put off
SENT_AT = "sentAt"  # when the sender's own message came, RFC 3339 UTC
OF_THE_DESK = frozenset({REFUSAL, ATTEMPTS, SENT_AT})
