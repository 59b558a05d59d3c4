"""How often the facts are right, on rows labelled without a look at the code; and what they cost."""

import csv
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.phones import false_foreign
from bench.timing import percentile
from shared.enrichment.company import company_key
from shared.enrichment.country import country_code
from shared.enrichment.email import email_facts
from shared.enrichment.enrich import enrich
from shared.enrichment.phone import phone_facts
from shared.enrichment.title import person_facts
from shared.leads.push import Contact

GOLD = Path(__file__).parents[1] / "tests" / "gold"
LEADS = 3000
NUMBERS_A_COUNTRY = 20  # with a digit too many or too few

type Row = dict[str, str]
type Judged = tuple[str, bool]  # which group of rows, and whether the answer was right


def run() -> None:
    """Print accuracies, then times."""
    for kind in ("", "_unseen"):
        print("rows the rules were written with" if not kind else "rows that no rule was tuned on")
        for name, share, rows in accuracies(kind):
            print(f"  {name:22} {share:7.1%} of {rows}")
        for name, rank, department, abstained, count in titles_by_kind(kind):
            print(
                f"  titles: {name:38} rank {rank:6.1%}, department {department:6.1%}"
                f" of {count:4}, nothing said {abstained:5.1%}"
            )
        corporate = wrongly_private(kind)
        print(f"  {'corporate called free':22} {len(corporate):7} {' '.join(corporate)}")
    print("addresses as forms and exports hold them, by kind")
    for name, right, rows, abstained in address_accuracies():
        print(f"  {name:46} {right:7.1%} of {rows}, {abstained:.1%} abstained")
    foreign, misdialled = false_foreign(NUMBERS_A_COUNTRY)
    print(
        f"numbers of {misdialled} with a digit too many or too few that become another country's:"
        f" {foreign / misdialled:.2%} (wanted: under 1 %)"
    )
    _times()


def accuracies(kind: str) -> Iterator[tuple[str, float, int]]:
    """Each measure with its value, 0-1, and the number of rows."""
    titles = gold(f"titles{kind}")
    yield "rank", *share([person_facts(row["title"]).rank == row["rank"] for row in titles])
    yield (
        "department",
        *share([person_facts(row["title"]).department == row["department"] for row in titles]),
    )
    countries = gold(f"countries{kind}")
    yield "country", *share([(country_code(row["text"]) or "") == row["code"] for row in countries])
    emails = gold(f"emails{kind}")
    kinds = [row for row in emails if row["kind"]]
    yield (
        "e-mail validity",
        *share([_as_label(email_facts(row["email"]).valid) == row["valid"] for row in emails]),
    )
    yield "e-mail kind", *share([email_facts(row["email"]).kind == row["kind"] for row in kinds])
    domains = [row for row in emails if row["domain"]]
    yield "e-mail domain", *share([email_facts(row["email"]).domain == row["domain"] for row in domains])
    roles = [row for row in emails if row["valid"] == "true"]
    yield (
        "role account",
        *share([_as_label(email_facts(row["email"]).role_account) == row["role"] for row in roles]),
    )
    yield (
        "typo suggestion",
        *share([(email_facts(row["email"]).suggestion or "") == row["suggestion"] for row in roles]),
    )
    pairs = gold(f"company_pairs{kind}")
    yield "company pairs (F1)", f1(pairs), len(pairs)
    phones = gold(f"phones{kind}")
    yield "phone", *share([_phone_is_right(row) for row in phones])


def titles_by_kind(kind: str) -> Iterator[tuple[str, float, float, float, int]]:
    """By kind of title, then of all: shares of right ranks, right departments and abstentions; rows."""
    rows = gold(f"titles_field{kind}")
    for name in (*dict.fromkeys(row["kind"] for row in rows), "all"):
        judged = [judged_title(row) for row in rows if name in (row["kind"], "all")]
        ranks, departments, abstentions = zip(*judged, strict=True)
        yield name, *(sum(right) / len(judged) for right in (ranks, departments, abstentions)), len(judged)


def judged_title(row: Row) -> tuple[bool, bool, bool]:
    """Whether rank and department are right, and whether one is unknown that should be known."""
    facts = person_facts(row["title"])
    said = {"rank": facts.rank, "department": facts.department}
    right = {name: not row[name] or value in row[name].split("|") for name, value in said.items()}
    abstained = any(value == "unknown" and not right[name] for name, value in said.items())
    return right["rank"], right["department"], abstained


def address_accuracies() -> Iterator[tuple[str, float, int, float]]:
    """Each kind of rows: the share that is right, rows, the share without an answer though there is one."""
    answers: dict[str, list[tuple[str, str]]] = {}
    for row in gold("addresses_field"):
        shown = email_facts(json.loads(row["text"])).canonical or ""
        answers.setdefault(row["kind"], []).append((row["canonical"], shown))
    for row in gold("email_kinds_field"):
        kind = email_facts(row["email"]).kind or ""
        answers.setdefault(f"kind of mailbox: {row['kind']}", []).append((row["kind"], kind))
    for kind, pairs in answers.items():
        right = sum(expected == shown for expected, shown in pairs)
        abstained = sum(bool(expected) and not shown for expected, shown in pairs)
        yield kind, right / len(pairs), len(pairs), abstained / len(pairs)


def wrongly_private(kind: str) -> list[str]:
    """Corporate domains that are called free or disposable: there must be none."""
    rows = [row for row in gold(f"emails{kind}") if row["kind"] == "corporate"]
    return [row["domain"] for row in rows if email_facts(row["email"]).kind in ("free", "disposable")]


def gold(name: str) -> list[Row]:
    """The rows of a gold file."""
    with (GOLD / f"{name}.tsv").open(encoding="utf-8", newline="") as lines:
        next(lines)  # says what the file is
        return list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def share(right: list[bool]) -> tuple[float, int]:
    """How many are right, 0-1, and of how many."""
    return sum(right) / len(right), len(right)


def f1(pairs: list[Row]) -> float:
    """The harmonic mean of precision and recall of `same key` for `same firm`."""
    seen = Counter((_are_same(row), row["same"] == "yes") for row in pairs)
    return 2 * seen[True, True] / (2 * seen[True, True] + seen[True, False] + seen[False, True])


def _are_same(row: Row) -> bool:
    key = company_key(row["a"])
    return key is not None and key == company_key(row["b"])


def _phone_is_right(row: Row) -> bool:
    facts = phone_facts(row["phone"], row["country"] or None)
    type_is_right = not row["type"] or facts.type == row["type"]
    return (facts.e164 or "", _as_label(facts.valid)) == (row["e164"], row["valid"]) and type_is_right


def _as_label(value: bool | None) -> str:
    return str(bool(value)).casefold()


def _times() -> None:
    """Print the time per lead, with the bundled data loaded before."""
    columns = [gold(name) for name in ("titles", "countries", "emails", "phones", "company_pairs")]
    titles, countries, emails, phones, companies = columns
    leads = [
        Contact(
            first_name="Ada",
            last_name="Fabrikam",
            title=titles[number % len(titles)]["title"],
            country=countries[number % len(countries)]["text"],
            email=emails[number % len(emails)]["email"],
            phone=phones[number % len(phones)]["phone"],
            company=companies[number % len(companies)]["a"],
        )
        for number in range(LEADS)
    ]
    for lead in leads:
        enrich(lead)  # the numbering plan of a country is read with its first number
    taken = sorted(_seconds(lambda lead=lead: enrich(lead, note="Please call me")) for lead in leads)  # type: ignore[misc]
    middle, slow = percentile(taken, 0.5), percentile(taken, 0.99)
    print(
        f"time per lead, {LEADS} leads: p50 {middle * 1e6:,.0f} us, p99 {slow * 1e6:,.0f} us (wanted: 2,000)"
    )
    print(f"the slowest of them, bundled data loaded before: {taken[-1] * 1e6:,.0f} us")


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
