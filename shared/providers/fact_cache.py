"""Cache of a provider's facts by domain, each with an expiry."""

from shared.providers.mapping import Facts


class FactCache:
    """Holds at most `most` domains; the oldest entry is evicted. All times must come from one clock."""

    def __init__(self, most: int) -> None:
        """Start empty."""
        self._most = most
        self._entries: dict[str, tuple[float, Facts]] = {}

    def get(self, domain: str, now: float) -> Facts | None:
        """A copy of the domain's facts; None if there are none, or they have expired."""
        until, facts = self._entries.get(domain, (now, {}))
        return dict(facts) if now < until else None

    def keep(self, domain: str, facts: Facts, until: float) -> None:
        """Keep a domain's facts until then, instead of earlier ones."""
        self._entries.pop(domain, None)
        self._entries[domain] = (until, facts)
        if len(self._entries) > self._most:
            del self._entries[next(iter(self._entries))]
