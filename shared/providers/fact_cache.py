"""Answers of a provider by domain, kept for a while."""

from shared.providers.mapping import Facts


class FactCache:
    """Keeps so many domains at most: the one that was kept first goes first. Times are of any one clock."""

    def __init__(self, most: int) -> None:
        """Keep nothing yet."""
        self._most = most
        self._kept: dict[str, tuple[float, Facts]] = {}

    def get(self, domain: str, now: float) -> Facts | None:
        """What is kept of a domain, as the caller's own; None if nothing is, or not any more."""
        until, facts = self._kept.get(domain, (now, {}))
        return dict(facts) if now < until else None

    def keep(self, domain: str, facts: Facts, until: float) -> None:
        """Keep facts, instead of what was kept of the domain before."""
        self._kept.pop(domain, None)
        self._kept[domain] = (until, facts)
        if len(self._kept) > self._most:
            del self._kept[next(iter(self._kept))]
