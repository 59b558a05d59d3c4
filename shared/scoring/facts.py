"""The facts of a lead by name: what the rules of a policy may ask for."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import to_builtins

from shared.leads.enrichment import Enrichment
from shared.leads.lead import Lead

_APART = ("facts", "provenance", "confidence")  # of the enrichment: no facts by themselves


def lead_facts(lead: Lead, enrichment: Enrichment) -> dict[str, Any]:
    """What the push says, `<section>.<fact>` of the enrichment, and the facts from outside by their names.

    What isn't known is left out: None, empty, and `unknown`. A fact from outside replaces ours of that name;
    it also goes by `facts.<name>`, as the lead shows it.
    """
    facts: dict[str, Any] = {
        "action": lead.action,
        "source": lead.source,
        "offer": lead.offer,
        "publisher": _publisher(lead.offer),
        "offerTitle": lead.offer_title,
        "note": lead.note,
        "returning": lead.touches > 1,
        "touches": lead.touches,
        "doNotContact": lead.do_not_contact,
    }
    facts |= {f"campaign.{name}": text for name, text in lead.campaign.items()}
    facts |= flattened({"contact": to_builtins(lead.contact)})
    derived = to_builtins(enrichment)
    facts |= flattened({name: value for name, value in derived.items() if name not in _APART})
    facts |= derived["facts"] | flattened({"facts": derived["facts"]})
    return {name: value for name, value in facts.items() if is_known(value)}


def score_facts(lead: Lead) -> dict[str, str | int | bool]:
    """The facts that a score adds, for targets and routing; none before the first score."""
    if lead.score is None:
        return {}
    return {"grade": lead.score.grade, "score": lead.score.total, "qualified": lead.score.qualified}


def flattened(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Names of nested objects joined by dots."""
    return dict(_flattened(tree, prefix))


def is_known(value: Any) -> bool:
    """A fact that says something."""
    return value not in (None, "", "unknown")


def _flattened(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _publisher(offer: str | None) -> str | None:
    publisher, dot, _ = (offer or "").partition(".")
    return publisher if dot else None
