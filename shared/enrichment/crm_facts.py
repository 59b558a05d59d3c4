"""Record facts that a CRM reports: stored with the lead and in its history, used by the next score."""

import math
from collections.abc import Mapping
from copy import replace
from datetime import datetime
from typing import Any

from shared.enrichment.closed_facts import facts_as_meant
from shared.leads.change import Change, record
from shared.leads.commands import Fact, InvalidFacts, ReportFacts
from shared.leads.enrichment import Enrichment
from shared.leads.events import StatusChanged
from shared.leads.idempotency import FACTS, is_reported, report_key, with_report
from shared.leads.json_form import ABSENT, compact_json
from shared.leads.lead import Lead
from shared.policy.conditions import FACT_NAME

FACTS_KEPT = 200  # of one lead, from providers and CRMs
LONGEST_FACT = 1000  # characters of a text
LARGEST_FACTS = 64 * 1024  # bytes of all facts of a lead as JSON: they share a row and a message with a push
LARGEST_FACT = 2**53  # JSON readers don't agree on larger numbers


def record_facts(lead: Lead, report: ReportFacts, *, now: datetime) -> Change | None:
    """Add the facts that are new and request a score; None if none is new, or if it was reported before.

    The newest value of a fact wins, by the instants of the reports: an older one stays in the history, as
    `superseded`. A CRM's fact always wins over a provider's.

    Raises:
        InvalidFacts: a name or value that no rule can use; or the lead would have more than `FACTS_KEPT`
            facts, or more than `LARGEST_FACTS` bytes of them.
    """
    from shared.enrichment.enrich import from_crm, with_facts  # noqa: PLC0415 - words and patterns: 70 ms

    key = report_key(FACTS, report.id)
    bookkeeping = lead.bookkeeping
    if is_reported(bookkeeping.idempotency, key):
        return None
    _expect_usable(report.facts)
    report = replace(report, facts=facts_as_meant(report.facts))
    bookkeeping = replace(bookkeeping, idempotency=with_report(bookkeeping.idempotency, key))
    at = now if report.at is None else min(report.at, now)
    known, told_at = crm_facts(lead.enrichment), bookkeeping.merge.facts_at
    winning = {
        name: fact
        for name, fact in report.facts.items()
        if name not in known or report.at is None or _is_newer(fact, at, known[name], told_at.get(name))
    }
    superseded = {name: fact for name, fact in report.facts.items() if name not in winning}
    new = {name: fact for name, fact in winning.items() if not _is_same(fact, known.get(name))}
    facts_at = told_at | {name: max(at, told_at.get(name, at)) for name in winning}
    bookkeeping = replace(bookkeeping, merge=replace(bookkeeping.merge, facts_at=facts_at))
    events = [
        StatusChanged(
            from_=lead.status,
            to=lead.status,
            facts=facts,
            by=report.by,
            at=ABSENT if report.at is None else at,
            superseded=facts is superseded,
        )
        for facts in (new, superseded)
        if facts
    ]
    if not events:
        return Change(replace(lead, bookkeeping=bookkeeping)) if key or report.at else None
    if not new:
        return record(lead, now, *events, bookkeeping=bookkeeping)
    enrichment = with_facts(lead.enrichment, new, from_crm(new))
    if len(enrichment.facts) > FACTS_KEPT:
        raise InvalidFacts(f"A lead keeps {FACTS_KEPT} facts at most.")
    if _size_of(enrichment.facts) > LARGEST_FACTS:
        raise InvalidFacts(f"A lead keeps {LARGEST_FACTS} bytes of facts at most.")
    scoring = replace(bookkeeping.scoring, requested_at=bookkeeping.scoring.requested_at or now)
    bookkeeping = replace(bookkeeping, scoring=scoring)
    return record(lead, now, *events, enrichment=enrichment, bookkeeping=bookkeeping)


def _is_newer(fact: Fact, at: datetime, known: Any, known_at: datetime | None) -> bool:
    """Whether a fact replaces the known one. Of two at one instant the same one wins in either order."""
    if known_at is None or at != known_at:
        return known_at is None or at > known_at
    return compact_json(fact) >= compact_json(known)


def crm_facts(enrichment: Enrichment) -> dict[str, Any]:
    """The facts that a CRM reported, by name."""
    from shared.enrichment.enrich import CRM  # noqa: PLC0415 - as above

    sources = enrichment.provenance
    return {
        name: fact
        for name, fact in enrichment.facts.items()
        if name in sources and sources[name].from_ == CRM
    }


def _size_of(facts: Mapping[str, Any]) -> int:
    """Bytes as JSON in UTF-8."""
    return len(compact_json(facts).encode(errors="surrogatepass"))


def _expect_usable(facts: Mapping[str, Fact]) -> None:
    if not facts:
        raise InvalidFacts("`facts` is empty.")
    if not all(FACT_NAME.fullmatch(name) for name in facts):
        raise InvalidFacts(
            "A name in `facts` must begin with a letter and hold at most 64 letters, digits, `.`, `_`, `-`."
        )
    if "doNotContact" in facts:
        raise InvalidFacts("`doNotContact` is no fact: report it with type `status`.")
    if any(isinstance(fact, str) and len(fact) > LONGEST_FACT for fact in facts.values()):
        raise InvalidFacts(f"A text in `facts` has at most {LONGEST_FACT} characters.")
    numbers = [fact for fact in facts.values() if not isinstance(fact, str)]
    if not all(math.isfinite(number) and abs(number) <= LARGEST_FACT for number in numbers):
        raise InvalidFacts("A number in `facts` lies within 2^53 of zero.")


def _is_same(fact: Fact, known: Any) -> bool:
    """Equal in value and type: 1, 1.0 and true are three different facts."""
    return type(fact) is type(known) and fact == known
