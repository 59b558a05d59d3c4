"""Query parameters of the API: one dataclass for each query both reads and describes them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, get_type_hints

from shared.contract.errors import InvalidRequest, invalid
from shared.contract.requests import LONGEST_TEXT
from shared.leads.identity import LEAD_ID
from shared.leads.index import list_prefix
from shared.leads.json_form import camel
from shared.leads.lead import LeadStatus
from shared.leads.score import MAX_SCORE
from shared.mistakes import Unreadable
from shared.services.errors import LeadNotFound
from shared.services.ports import LeadFilter
from shared.typed_json import Checked, Rules, from_plain

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
LONGEST_NUMBER = 8  # digits
DEFAULT_RANGE = timedelta(days=30)
FIRST_YEAR = 1900
_CURSOR = f"(?:open|closed)![0-9]{{3}}!{LEAD_ID.pattern}"
_DATE = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_HOUR = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_ZONE = rf"(?:[Zz]|[+ -]{_HOUR})"  # a plus that the caller didn't encode arrives as a blank
_INSTANT = rf"{_DATE}(?:[Tt]{_HOUR}:[0-5][0-9](?:\.[0-9]{{1,14}})?{_ZONE})?"
_TIME_RULE = (
    "must be a date (YYYY-MM-DD) or an RFC 3339 instant (YYYY-MM-DDThh:mm:ssZ, "
    "or with an offset like %2B02:00)"
)
_CURSOR_RULE = "must be the `cursor` of a page of this list"


_GRADE = Rules(
    pattern="^[A-D][1-4]$",
    words="must be a letter A to D and a digit 1 to 4",
    description="Leads of this grade.",
)


def _number(least: int, most: int, description: str) -> Rules:
    words = f"must be a whole number from {least} to {most}"
    return Rules(ge=least, le=most, words=words, description=description)


def _text(description: str) -> Rules:
    return Rules(max_length=LONGEST_TEXT, description=description)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class LeadsQuery:
    """Which leads to list, and where the page begins."""

    status: Annotated[
        LeadStatus | None, Rules(description="Leads with this status; default is all open leads.")
    ] = None
    grade: Annotated[str, _GRADE] | None = None
    owner: Annotated[str, _text("Leads of this owner.")] | None = None
    offer: Annotated[str, _text("Leads for this offer, in any case.")] | None = None
    company: (
        Annotated[str, _text("Leads of this company: its name in any spelling, or its domain.")] | None
    ) = None
    test: (
        Annotated[bool, Rules(description="Only Partner Center's test leads, or only real ones.")] | None
    ) = None
    do_not_contact: (
        Annotated[bool, Rules(description="Only leads that must not be contacted, or only the others.")]
        | None
    ) = None
    overdue: (
        Annotated[bool, Rules(description="Only leads whose follow-up is overdue, or only the others.")]
        | None
    ) = None
    min_score: Annotated[int, _number(0, MAX_SCORE, "Leads with at least this score.")] | None = None
    limit: Annotated[int, _number(1, MAX_LIMIT, "Maximum number of leads on a page.")] = DEFAULT_LIMIT
    cursor: (
        Annotated[
            str,
            Rules(
                pattern=f"^{_CURSOR}$",
                words=_CURSOR_RULE,
                description="Where the page begins: the `cursor` of the previous page.",
            ),
        ]
        | None
    ) = None

    def to_filter(self, now: datetime) -> LeadFilter:
        """The filter for the leads that the query asks for; `now` decides what is overdue."""
        return LeadFilter(
            status=self.status,
            grade=self.grade,
            owner=self.owner,
            offer=(self.offer or "").lower() or None,
            company=_company(self.company),
            test=self.test,
            do_not_contact=self.do_not_contact,
            min_score=self.min_score,
            overdue=self.overdue,
            now=now,
        )


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class EventsQuery:
    """Where a page of a lead's history begins."""

    cursor: Annotated[int, _number(1, 99_999_999, "The number of the event that the page begins with.")] = 1


def _instant(text: str) -> datetime:
    """Aware UTC, cut to the millisecond."""
    try:
        at = datetime.fromisoformat(text.upper().replace(" ", "+"))
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as exc:  # there is no such day; or it is none in UTC
        raise ValueError(_TIME_RULE) from exc
    if at.year < FIRST_YEAR:
        raise ValueError(f"must not lie before {FIRST_YEAR}")
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def _check_time(text: str) -> str:
    """Check that a text of the right form is a time."""
    _instant(text)
    return text


@dataclass(frozen=True, slots=True, kw_only=True, repr=False, eq=False)
class StatsQuery:
    """The period in which the counted leads were received."""

    from_: (
        Annotated[
            str,
            Rules(
                pattern=f"^{_INSTANT}$",
                words=_TIME_RULE,
                description="Received from then on: a date or an instant; default is 30 days before `to`.",
            ),
            Checked(_check_time),
        ]
        | None
    ) = None
    to: (
        Annotated[
            str,
            Rules(
                pattern=f"^{_INSTANT}$",
                words=_TIME_RULE,
                description="Received before then: a date (from 00:00 UTC) or an instant; default is now.",
            ),
            Checked(_check_time),
        ]
        | None
    ) = None

    def to_range(self, now: datetime) -> tuple[datetime, datetime]:
        """From `from` to before `to`, aware UTC, cut to the millisecond; by default the last 30 days.

        Each is an RFC 3339 instant, or a date, which stands for its beginning in UTC. Default for `from` is
        30 days before `to`, for `to` now.

        Raises:
            InvalidRequest: `from` doesn't lie before `to`.
        """
        end = _instant(self.to) if self.to else now
        begin = _instant(self.from_) if self.from_ else end - DEFAULT_RANGE
        if begin >= end:
            raise invalid("query", "must lie before `to`, which is now unless it is given", "from")
        return begin, end


def read_query[Query](type_: type[Query], params: Mapping[str, str]) -> Query:
    """The parameters of a query; raises InvalidRequest with every mistake."""
    hints = get_type_hints(type_)
    values = {
        name: _typed(hints[parameter.name], params[name])
        for parameter in fields(type_)  # type: ignore[arg-type]
        if (name := camel(parameter.name)) in params
    }
    try:
        return from_plain(type_, values)
    except Unreadable as exc:
        raise InvalidRequest("Invalid query", exc.mistakes) from exc


def lead_id_of(route: Mapping[str, str]) -> str:
    """The id in the route; raises LeadNotFound for a text that can't be an id."""
    lead_id = route.get("id", "")
    if not LEAD_ID.fullmatch(lead_id):
        raise LeadNotFound
    return lead_id


def leads_query(params: Mapping[str, str]) -> LeadsQuery:
    """Read the query for a page of leads; raises InvalidRequest, also for a cursor of another list."""
    query = read_query(LeadsQuery, params)
    if query.cursor is not None and not query.cursor.startswith(list_prefix(query.status)):
        raise invalid("query", _CURSOR_RULE, "cursor")
    return query


def _typed(hint: Any, text: str) -> Any:
    """The text as true, false or a number if the parameter's type allows that; else the text itself."""
    type_ = str(hint)
    if "bool" in type_ and text in ("true", "false"):
        return text == "true"
    if "int" in type_ and re.fullmatch("[0-9]+", text):
        return int(text) if len(text) <= LONGEST_NUMBER else 10**LONGEST_NUMBER
    return text


def _company(text: str | None) -> tuple[str, str] | None:
    """Comparison key and domain of a company that is asked for by its name in any spelling, or its domain."""
    from shared.enrichment.company import company_key  # noqa: PLC0415 - only for a query by company

    return None if text is None else (company_key(text) or "-", text.strip().casefold() or "-")
