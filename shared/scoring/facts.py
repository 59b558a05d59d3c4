"""The facts of a lead by name, for the conditions of a policy."""

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
    """The facts of the push, of the enrichment as `<section>.<fact>`, and external facts by their names.

    Unknown facts are left out: None, empty, and `unknown`. An external fact replaces a derived fact of the
    same name; it is also there as `facts.<name>`, as the lead shows it.
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
    facts |= enrichment.facts | flatten({"facts": enrichment.facts})
    return {name: value for name, value in facts.items() if is_known(value)}


def score_facts(lead: Lead) -> dict[str, str | int | bool]:
    """Grade, score and qualified, for targets and routing; empty before the first score."""
    if lead.score is None:
        return {}
    return {"grade": lead.score.grade, "score": lead.score.total, "qualified": lead.score.qualified}


def flatten(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Flatten nested objects, names joined by dots: `{"a": {"b": 1}}` becomes `{"a.b": 1}`."""
    return dict(_leaves(tree, prefix))


def is_known(value: Any) -> bool:
    """The value is neither None, empty nor `unknown`."""
    return value not in (None, "", "unknown")


def _of_section(section: str, values: Any) -> dict[str, Any]:
    """The facts of one section, named `<section>.<fact>`."""
    return {fact: getattr(values, name) for name, fact in _names_of(section, values.__class__)}


@functools.cache
def _names_of(section: str, type_: type) -> tuple[tuple[str, str], ...]:
    """The fields of a section with their fact names."""
    return tuple((field.name, f"{section}.{camel(field.name)}") for field in fields(type_))


def _leaves(tree: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _publisher(offer: str | None) -> str | None:
    publisher, dot, _ = (offer or "").partition(".")
    return publisher if dot else None
