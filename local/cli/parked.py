"""Parked work for operators: list what was given up, have it tried again, and repair the rows of leads."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local.cli.running_stack import NoStack, told_by_stack
from shared.leads.identity import LEAD_ID, all_shards
from shared.services.errors import LeadChanged, LeadNotFound, StoreUnavailable
from shared.services.parked import list_parked, revive
from shared.services.sweep import Repaired, repair_leads, repair_partition
from shared.storage.client import Table, table_client
from shared.storage.due_index import TableDueIndex
from shared.storage.lead_store import TableLeadStore

ROOT = Path(__file__).resolve().parents[2]
TABLE_SERVICE = "LEADS_STORAGE__tableServiceUri"
WHERE = """\
Looks into the store that --storage or the environment names (LEADS_STORAGE or
LEADS_STORAGE__tableServiceUri, and LEADS_TABLE), else into the running stack's."""
REVIVE = f"""\
Has the clock try again what it gave up on, from its next tick on and with all attempts of
the policy. Mend the cause first. Asks nothing; a second call does no harm. Exit code 1 if a
lead was left; it is said which, and why.

{WHERE}"""


REPAIR = f"""\
Compares every lead with the rows by which it is found (due work, lists, statistics), and writes
those that are missing or wrong, as after a restore that was torn between rows. The clock does the
same slowly, a partition a day. Work of a lead that became readable again is due at once. A line
for each partition; a second call finds nothing to do. Exit code 1 if a lead was left.

{WHERE}"""


async def show_list(table: Table, args: argparse.Namespace) -> int:
    """Print a line for each piece of parked work: kind, lead, since when it is due, attempts."""
    parked = await list_parked(TableDueIndex(table), TableLeadStore(table), args.limit + 1)
    for work in parked[: args.limit]:
        print(
            f"{work.kind:12} {work.lead_id}  since {work.since:%Y-%m-%dT%H:%M:%SZ}  {work.attempts} attempts"
        )
    if len(parked) > args.limit:
        print("... and more (--limit N)")
    if not parked:
        print("nothing is parked")
    return 0


async def revive_some(table: Table, args: argparse.Namespace) -> int:
    """Revive the given leads, or all that have parked work now."""
    rows = await TableDueIndex(table).list_parked(args.limit + 1) if args.all else []
    lead_ids = list(dict.fromkeys(args.lead_ids or [row.lead_id for row in rows[: args.limit]]))
    store = TableLeadStore(table)
    left = [lead_id for lead_id in lead_ids if not await _revived(store, lead_id)]
    print(f"revived {len(lead_ids) - len(left)} of {len(lead_ids)} leads")
    if len(rows) > args.limit:
        print("... more are parked: revive again, or raise --limit")
    return 1 if left else 0


async def _revived(store: TableLeadStore, lead_id: str) -> bool:
    try:
        kinds = await revive(store, lead_id)
    except LeadNotFound:
        print(f"{lead_id}: there is no such lead", file=sys.stderr)
        return False
    except LeadChanged:
        print(f"{lead_id}: others change it all the time; try again", file=sys.stderr)
        return False
    print(f"{lead_id}: {', '.join(kinds) or 'nothing was parked'}")
    return True


async def repair_some(table: Table, args: argparse.Namespace) -> int:
    """Repair the given leads, or all, a line for each partition; name those that were wrong or are left."""
    store, total = TableLeadStore(table), Counted()
    if args.lead_ids:
        total.add(len(args.lead_ids), await repair_leads(store, args.lead_ids))
    for partition in () if args.lead_ids else all_shards():
        found = Counted()
        try:
            async for looked_at, part in repair_partition(store, partition):
                found.add(looked_at, part)
        except StoreUnavailable as exc:
            found.left += 1
            print(f"partition {partition}: {exc}; repair again later", file=sys.stderr)
        print(f"partition {partition}: {found}", flush=True)
        total.join(found)
    print(f"in all: {total}")
    return 1 if total.left else 0


@dataclass
class Counted:
    """How many leads were looked at, repaired, or left as they are."""

    leads: int = 0
    repaired: int = 0
    left: int = 0

    def add(self, looked_at: int, part: Repaired) -> None:
        """Count a page, and name its leads that were wrong or are left."""
        for lead_id in part.wrong:
            print(f"{lead_id}: repaired")
        for lead_id in part.unreadable:
            print(f"{lead_id}: this version can't read it, it stays as it is", file=sys.stderr)
        for lead_id in part.failed:
            print(f"{lead_id}: couldn't be repaired; try again", file=sys.stderr)
        left = len(part.unreadable) + len(part.failed)
        self.join(Counted(looked_at, len(part.wrong), left))

    def join(self, other: "Counted") -> None:
        """Add up."""
        self.leads, self.repaired = self.leads + other.leads, self.repaired + other.repaired
        self.left += other.left

    def __str__(self) -> str:
        """In words."""
        return f"{self.leads} leads, {self.repaired} repaired, {self.left} left"


async def run(args: argparse.Namespace) -> int:
    """Connect and carry out a command; return its exit code."""
    storage, by_identity = _storage(args)
    try:
        table = Table(table_client(storage, args.table, by_identity=by_identity))
    except ValueError as exc:
        raise SystemExit("What names the store is no connection string of a storage account.") from exc
    try:
        return int(await args.run(table, args))
    except StoreUnavailable as exc:
        raise SystemExit(f"The store can't be reached: {exc}.") from exc
    finally:
        await table.close()


def _storage(args: argparse.Namespace) -> tuple[str, bool]:
    """The store to connect to, and whether to sign in with an identity."""
    if args.storage:
        return args.storage, False
    uri, connection = os.environ.get(TABLE_SERVICE), os.environ.get("LEADS_STORAGE")
    if args.data is None and (uri or connection):
        return uri or connection or "", bool(uri)
    try:
        return told_by_stack(args.data or ROOT / ".local", "storage", "a store with --storage"), False
    except NoStack as exc:
        raise SystemExit(str(exc)) from exc


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the arguments; wrong ones end the program with exit code 2."""
    parser = argparse.ArgumentParser(
        prog="dev.py parked", description="Look at parked work, revive it; repair the rows of leads."
    )
    commands = parser.add_subparsers(required=True)
    form = argparse.RawDescriptionHelpFormatter
    listing = commands.add_parser("list", help="a line for each", description=WHERE, formatter_class=form)
    listing.set_defaults(run=show_list)
    reviving = commands.add_parser(
        "revive", help="have it tried again", description=REVIVE, formatter_class=form
    )
    whom = reviving.add_mutually_exclusive_group(required=True)
    whom.add_argument("lead_ids", type=_lead_id, nargs="*", default=[], metavar="LEAD_ID", help="these leads")
    whom.add_argument("--all", action="store_true", help="all leads that have parked work")
    reviving.set_defaults(run=revive_some)
    repairing = commands.add_parser(
        "repair",
        help="compare leads with their rows, and mend them",
        description=REPAIR,
        formatter_class=form,
    )
    repairing.add_argument("lead_ids", type=_lead_id, nargs="*", metavar="LEAD_ID", help="only these leads")
    repairing.set_defaults(run=repair_some)
    for command in (listing, reviving):
        command.add_argument("--limit", type=_limit, default=200, metavar="N", help="default: %(default)s")
    for command in (listing, reviving, repairing):
        command.add_argument(
            "--data", type=Path, metavar="DIR", help="of the running stack (default: .local)"
        )
        command.add_argument("--storage", metavar="CONNECTION", help="connection string of another store")
        table = os.environ.get("LEADS_TABLE") or "Leads"
        command.add_argument("--table", default=table, metavar="NAME", help="default: %(default)s")
    return parser.parse_args(words)


def _lead_id(text: str) -> str:
    if not LEAD_ID.fullmatch(text):
        raise argparse.ArgumentTypeError("a lead id has 24 letters a-z and figures 2-7")
    return text


def _limit(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if not 0 < number <= 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} isn't a whole number from 1 to 10000")
    return number


if __name__ == "__main__":
    sys.exit(asyncio.run(run(arguments())))
