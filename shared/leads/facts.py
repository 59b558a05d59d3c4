"""The facts of a lead by name: what the rules of a policy may ask for."""

from typing import Any

from msgspec import to_builtins

from shared.enrichment.facts import Enrichment
from shared.leads.lead import Lead


def facts_of(lead: Lead, enrichment: Enrichment) -> dict[str, Any]:
    """What the push says, and `<section>.<fact>` of the enrichment.

    What isn't known is left out: None, empty, and the rank or role `unknown`.
    """
    facts: dict[str, Any] = {
        "action": lead.action,
        "source": lead.source,
        "offer": lead.offer,
        "note": lead.note,
        "returning": lead.touches > 1,
        "touches": lead.touches,
        "doNotContact": lead.do_not_contact,
    }
    for name, value in to_builtins(enrichment).items():
        if isinstance(value, dict):
            facts |= {f"{name}.{fact}": known for fact, known in value.items()}
        else:
            facts[name] = value
    return {name: value for name, value in facts.items() if value not in (None, "", "unknown")}
