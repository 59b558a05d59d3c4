"""Facts that a CRM tells: kept with the lead, told in its history, counted in its next score."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from shared.leads.change import Change, record
from shared.leads.commands import Fact, InvalidFacts, ReportFacts
from shared.leads.enrichment import Enrichment
from shared.leads.events import EventType
from shared.leads.idempotency import FACTS, is_reported, report_key, with_report
from shared.leads.lead import Lead
from shared.policy.conditions import FACT_NAME

FACTS_KEPT = 200  # of one lead, whoever told them
LONGEST_FACT = 1000  # characters of a text
LARGEST_FACTS = 64 * 1024  # bytes of all facts of a lead as JSON: they share a row and a message with a push
LARGEST_FACT = 2**53  # beyond it a number isn't the same for every reader of JSON


def record_facts(lead: Lead, report: ReportFacts, now: datetime) -> Change | None:
    """Keep the facts that are news and ask for a new score; None if there is nothing to remember.

    A fact keeps its newest value. It stands against what a provider says, until a CRM tells another one.

    Raises:
        InvalidFacts: no rule could ask for one of them; or the lead would have more than `FACTS_KEPT`, or
            more in them than `LARGEST_FACTS`.
    """
    from shared.enrichment.enrich import from_crm, with_facts  # noqa: PLC0415 - words and patterns: 70 ms

    mark = report_key(FACTS, report.id)
    if is_reported(lead.bookkeeping, mark):
        return None
    _expect_useful(report.facts)
    kept = with_report(lead.bookkeeping, mark)
    told = crm_facts(lead.enrichment)
    news = {name: fact for name, fact in report.facts.items() if not _is_same(fact, told.get(name))}
    if not news:
        return Change(replace(lead, bookkeeping=kept)) if mark else None
    enrichment = with_facts(lead.enrichment, news, from_crm(news))
    if len(enrichment.facts) > FACTS_KEPT:
        raise InvalidFacts(f"A lead keeps {FACTS_KEPT} facts at most.")
    if len(msgspec.json.encode(enrichment.facts)) > LARGEST_FACTS:
        raise InvalidFacts(f"A lead keeps {LARGEST_FACTS} bytes of facts at most.")
    data = {"from": lead.status, "to": lead.status, "facts": news, "by": report.by}
    kept = replace(kept, score_asked_at=kept.score_asked_at or now)
    return record(lead, now, (EventType.STATUS_CHANGED, data), enrichment=enrichment, bookkeeping=kept)


def crm_facts(enrichment: Enrichment) -> dict[str, Any]:
    """The facts that a CRM told, by name."""
    from shared.enrichment.enrich import CRM  # noqa: PLC0415 - as above

    sources = enrichment.provenance
    return {
        name: fact
        for name, fact in enrichment.facts.items()
        if name in sources and sources[name].from_ == CRM
    }


def _expect_useful(facts: Mapping[str, Fact]) -> None:
    if not facts:
        raise InvalidFacts("`facts` tells nothing.")
    if not all(FACT_NAME.fullmatch(name) for name in facts):
        raise InvalidFacts(
            "A name in `facts` must begin with a letter and hold at most 64 letters, digits, `.`, `_`, `-`."
        )
    if "doNotContact" in facts:
        raise InvalidFacts("`doNotContact` is no fact: a message of type `status` says it.")
    if any(isinstance(fact, str) and len(fact) > LONGEST_FACT for fact in facts.values()):
        raise InvalidFacts(f"A text in `facts` has at most {LONGEST_FACT} characters.")
    numbers = [fact for fact in facts.values() if not isinstance(fact, str)]
    if not all(math.isfinite(number) and abs(number) <= LARGEST_FACT for number in numbers):
        raise InvalidFacts("A number in `facts` lies within 2^53 of zero.")


def _is_same(fact: Fact, known: Any) -> bool:
    """1, 1.0 and true are equal, and yet three different facts."""
    return type(fact) is type(known) and fact == known
