"""The facts of a lead by name: what the rules of a policy may ask for."""

import functools
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any

from shared.leads.enrichment import Enrichment
from shared.leads.json_form import camel
from shared.leads.lead import Lead

_SECTIONS = ("email", "phone", "country", "company", "person")  # of the enrichment
_SINGLE = tuple(
    (name, camel(name)) for name in ("time_zone", "language", "local_hour", "note_length", "completeness")
)


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
    facts |= _of_section("contact", lead.contact)
    for section in _SECTIONS:
        facts |= _of_section(section, getattr(enrichment, section))
    facts |= {fact: getattr(enrichment, name) for name, fact in _SINGLE}
    facts |= enrichment.facts | flattened({"facts": enrichment.facts})
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


def _of_section(section: str, values: Any) -> dict[str, Any]:
    """The facts of one section by `<section>.<fact>`."""
    return {fact: getattr(values, name) for name, fact in _names_of(section, values.__class__)}


@functools.cache
def _names_of(section: str, type_: type) -> tuple[tuple[str, str], ...]:
    """Each field of a section, with the fact that it is."""
    return tuple((one.name, f"{section}.{camel(one.name)}") for one in fields(type_))


def _flattened(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _flattened(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _publisher(offer: str | None) -> str | None:
    publisher, dot, _ = (offer or "").partition(".")
    return publisher if dot else None
