"""The page about reliability: tables of what was injected and what was found."""

from collections.abc import Iterable, Sequence

from bench.reliability_findings import Findings
from tests.reliability.ports import Fault
from tests.reliability.scenarios import SCENARIOS

ROWS = {
    "pushes": "pushes",
    "acknowledged": "acknowledged with 202",
    "lost": "**acknowledged and lost** (nobody holds it, or no subscriber ever heard of it)",
    "silent": "stored, and no subscriber ever heard of it",
    "duplicates": "**touches or rows twice**",
    "spilled": "pushes kept in the queue `spill` meanwhile",
    "rows_taken_over": "rows of the publisher's table taken over, each once",
    "reports": "follow-ups reported by the queue, each once",
    "unscored": "left unscored",
    "events": "events stored",
    "repeated": "heard again with the same id (allowed: subscribers dedupe)",
    "repeated_otherwise": "**heard again with another id**",
    "calls": "calls to table and bus",
    "kills": "processes killed",
}

HEAD = """# Reliability

What the desk was given to suffer, and what it lost. One command writes this page, and nobody's hand:

```
{command}
```

It took {minutes:.0f} minutes, with {versions}.
The same seed draws the same faults; over real parts their order is the machine's. The quick part of all
this is among the tests: `python3 dev.py test tests/reliability`.

**The rules**, judged by the rows that lie in the table and by what a subscriber heard, after a new
process has run the clock a few times:

- Every acknowledged push is there, once.
- What is unscored, unpublished, unassigned or waiting has exactly one due row of its kind, and no index
  rows are stored but those that follow from the lead.
- Events are numbered without gaps, and a subscriber heard every one of them, as it is stored; repeats
  have the same id.
- Every ledger adds up to its score, and the history gives that score again (of many leads: every
  sixteenth).
- The books of owners agree with the leads.
- Whoever was erased is in no row, and subscribers heard of it; who came back is a new lead.
- Nothing is left to do, nothing is parked, and two days later every alarm has been given, each once.

"""
TAIL = """
## What this doesn't show

Azurite proves logic, not durability: here it keeps its tables in memory, and it is never crashed; only
the app is, and what lies between them. Nor does it throttle or move partitions as Azure Storage does. The
bus is our emulator, under the unmodified SDKs. A kill is a process that does nothing any more from one
call to the next; the end-to-end tests kill real ones.
"""
WITNESS = """## A witness

Pushes of many people come to three processes; every call may fail, hang, be done without an answer or
much later, or be the last of its process. Senders repeat what isn't acknowledged, four times at most; the
bus eats and doubles messages; two clocks run at once. In memory with a simulated clock, in rounds of
5,000, with an import and reports beside the pushes; over real parts with Azurite, the emulator, both
SDKs, and faults below them. The naive handler writes, then sends, then answers: the same chances in
memory.

"""
MATRIX = """
## Every boundary, every fault

{done:,} of {all:,} cases, {broken} broken. A case is one use case, one of its requests to the tables (a
write, reading one row, or a page of rows to take over) or one frame to the bus (with an event, or with a
message for a queue), one fault at it (failures and lost answers also three in a row: more than the SDKs
repair), while another actor does all of its work on the same lead. Then a new process settles what is
left. Counted by scenario: the first actor has the fault.

"""
MODEL = """
## Every order of two actors

The desk over the store and bus in memory, every call a choice: who goes on, and whether the call fails,
is done later, or kills. {paths:,} paths, depth-first; a path ends where its state was reached before.
Each end is settled by the clock and judged by the rules.

"""


def page(found: Findings) -> str:
    """All of it, as Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    head = HEAD.format(command=found.command, minutes=found.seconds / 60, versions=versions)
    parts = (head, _witness(found), _matrix(found), _model(found), _broken(found), TAIL)
    return "".join(parts)


def _witness(found: Findings) -> str:
    columns = {"desk, in memory": found.ours, "naive handler": found.naive, "desk, real parts": found.real}
    rows = [[what, *(f"{getattr(one, name):,}" for one in columns.values())] for name, what in ROWS.items()]
    rows += [[f"fault: {fault}", *(f"{one.faults[fault]:,}" for one in columns.values())] for fault in Fault]
    rows.append(["rules broken", str(len(found.ours.problems)), "-", str(len(found.real.problems))])
    rows.append(["seconds of work", *(f"{one.seconds:,.0f}" for one in columns.values())])
    return WITNESS + _table(["", *columns], rows)


def _matrix(found: Findings) -> str:
    faults = [fault for fault in Fault if any(key[1] is fault for key in found.cases)]
    rows = [[name, *(str(found.cases[name, fault]) for fault in faults)] for name in SCENARIOS]
    done, broken = sum(found.cases.values()), len(found.broken_cases)
    said = MATRIX.format(done=done, all=found.all_cases, broken=broken)
    return said + _table(["", *faults], rows)


def _model(found: Findings) -> str:
    rows = [
        [
            one.scenario,
            str(one.faults),
            f"{one.paths + one.cut_short:,}",
            f"{one.states:,}",
            str(one.depth),
            "all" if one.is_whole else "the first of them",
            str(len(one.broken)),
        ]
        for one in sorted(found.model, key=lambda one: (one.faults, list(SCENARIOS).index(one.scenario)))
    ]
    paths = sum(one.paths + one.cut_short for one in found.model)
    head = ["actors", "faults", "paths", "states", "longest path", "searched", "broken"]
    return MODEL.format(paths=paths) + _table(head, rows)


def _broken(found: Findings) -> str:
    said: list[str] = [*found.ours.problems[:10], *found.real.problems[:10]]
    said += [f"{one.scenario}: {told}: {problems}" for one in found.model for told, problems in one.broken]
    said += [f"{case}: {problems}" for case, problems in found.broken_cases[:10]]
    return "\n## Broken\n\n" + "".join(f"- {one}\n" for one in said) if said else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
