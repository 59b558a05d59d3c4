"""The commercial team's command: check a policy file, and compare the scores of two policies."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from local.cli.policy_comparison import Compared, report
from local.cli.running_stack import NoStack, told_by_stack
from shared.leads.intake import open_lead
from shared.leads.lead import Lead
from shared.marketplace.lead_source import with_words
from shared.marketplace.offer import offer_of
from shared.marketplace.parse import InvalidPush, parse_push
from shared.policy.load import InvalidPolicy, load_policy, offers_by_title
from shared.policy.model import Policy
from shared.policy.scoring import version_of
from shared.scoring.appraise import appraise
from shared.services.errors import LeadNotFound, LeadUnreadable, StoreUnavailable
from shared.services.ports import LeadFilter
from shared.storage.client import Table, table_client
from shared.storage.lead_index import TableLeadIndex
from shared.storage.lead_store import TableLeadStore

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = "shipped"
PAGE = 200
PROGRESS_EVERY = 1000  # leads
MAX_MISTAKES = 100  # of one file


def check(args: argparse.Namespace) -> int:
    """Print what a valid file contains, or every mistake of an invalid one with its place."""
    policy = _policy(args.file)
    print(f"{args.file}: valid. Version {version_of(policy.scoring)}.")
    for model in policy.scoring.models:
        whom = "all other leads" if model.for_ is None else "its own leads"
        enter = model.qualify.enter
        print(f"  model {model.name}: {len(model.rules)} rules, for {whom}, qualified from {enter}")
    return 0


def compare(args: argparse.Namespace) -> int:
    """Print which leads change their grade, and how the scores are distributed."""
    old, new = _policy(args.old), _policy(args.new)
    now = datetime.now(UTC)
    leads = _sample_leads(args.sample, new, now) if args.sample else asyncio.run(_stored_leads(args))
    compared = [
        Compared(name, appraise(lead, old.scoring, now)[1], appraise(lead, new.scoring, now)[1])
        for name, lead in leads
    ]
    print("\n".join(report(compared, args.show)))
    return 0


def _policy(name: str) -> Policy:
    try:
        return load_policy(None if name == SHIPPED else Path(name))
    except InvalidPolicy as exc:
        raise SystemExit("\n".join(_mistakes(name, exc))) from exc


def _mistakes(name: str, error: InvalidPolicy) -> Iterator[str]:
    """One line per mistake, at most `MAX_MISTAKES`."""
    count = len(error.mistakes)
    yield f"{name} is invalid: {count} mistake{'s' if count > 1 else ''}."
    for mistake in error.mistakes[:MAX_MISTAKES]:
        yield f"  {mistake}"
    if count > MAX_MISTAKES:
        yield f"  ... and {count - MAX_MISTAKES} more"


def _sample_leads(paths: Sequence[Path], policy: Policy, now: datetime) -> list[tuple[str, Lead]]:
    """Leads from sample pushes: a file holds one push, or one per line (`.jsonl`)."""
    leads = []
    titles = offers_by_title(policy)
    for path in paths:
        try:
            text = path.read_bytes()
        except OSError as exc:
            raise SystemExit(f"{path}: {exc.strerror}") from exc
        bodies = text.splitlines() if path.suffix == ".jsonl" else [text]
        for number, body in enumerate((body for body in bodies if body.strip()), 1):
            name = path.name if len(bodies) == 1 else f"{path.name}:{number}"
            try:
                push = parse_push(body)
            except InvalidPush as exc:
                raise SystemExit(f"{name}: {exc}") from exc
            offer = offer_of(push, None, titles)
            leads.append((name, open_lead(with_words(push, policy.words), name, offer, now).lead))
    return leads


async def _stored_leads(args: argparse.Namespace) -> list[tuple[str, Lead]]:
    table = Table(table_client(_storage(args), args.table, by_identity=False))
    leads: list[tuple[str, Lead]] = []
    try:
        async for lead in _open_leads(table, args.limit):
            leads.append((lead.id, lead))
            if len(leads) % PROGRESS_EVERY == 0:
                print(f"{len(leads)} leads read ...", file=sys.stderr)
    except StoreUnavailable as exc:
        raise SystemExit(f"The store can't be reached: {exc}.") from exc
    finally:
        await table.close()
    return leads


async def _open_leads(table: Table, limit: int) -> AsyncIterator[Lead]:
    """Open leads that have a score, the highest first, at most `limit`."""
    store, index = TableLeadStore(table), TableLeadIndex(table)
    cursor, left = None, limit
    while left > 0:
        page = await index.list_by_score(LeadFilter(test=False), min(PAGE, left), cursor)
        for lead_id in page.lead_ids:
            try:
                yield (await store.get(lead_id)).lead
            except LeadNotFound:
                continue  # deleted since the index was read
            except LeadUnreadable:
                print(f"{lead_id}: this version can't read it, it isn't compared", file=sys.stderr)
        left -= len(page.lead_ids)
        cursor = page.cursor
        if cursor is None:
            return


def _storage(args: argparse.Namespace) -> str:
    others = "a storage account with --storage, or pushes with --sample"
    try:
        return args.storage or told_by_stack(args.data, "storage", others)
    except NoStack as exc:
        raise SystemExit(str(exc)) from exc


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="dev.py policy", description="Check and compare policy files.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    checking = commands.add_parser(
        "check",
        help="check a policy file and print every mistake",
        description=f"Prints every mistake with its place, at most {MAX_MISTAKES}, and exits with 1. "
        "Without mistakes it prints the version and the models, and exits with 0.",
    )
    checking.add_argument("file", metavar="FILE", help=f"a policy file, or `{SHIPPED}`")
    checking.set_defaults(run=check)
    comparing = commands.add_parser(
        "compare",
        help="show which leads change their grade from OLD to NEW",
        description="Scores the open leads of the running stack by both policies, as of now. Stores nothing.",
    )
    option = comparing.add_argument
    option("old", metavar="OLD", help=f"a policy file, or `{SHIPPED}`")
    option("new", metavar="NEW", help=f"a policy file, or `{SHIPPED}`")
    option(
        "--sample",
        nargs="+",
        type=Path,
        metavar="FILE",
        help="score these pushes instead: JSON, or .jsonl with one per line",
    )
    option(
        "--data",
        type=Path,
        default=ROOT / ".local",
        metavar="DIR",
        help="folder of the stack's data (default: .local)",
    )
    option("--storage", metavar="CONNECTION", help="connection string of another storage account")
    option("--table", default="Leads", metavar="NAME", help="its table (default: Leads)")
    option("--limit", type=int, default=10_000, metavar="N", help="most leads to read (default: 10000)")
    option("--show", type=int, default=20, metavar="N", help="most changed grades to print (default: 20)")
    comparing.set_defaults(run=compare)
    return parser.parse_args()


def main() -> int:
    """Run the command that the arguments name."""
    args = _arguments()
    return int(args.run(args))


if __name__ == "__main__":
    sys.exit(main())
