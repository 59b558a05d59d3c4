"""The commercial team's command: is a policy file right, and whose grade would it move."""

import argparse
import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from local.cli.policy_comparison import Compared, told
from local.cli.running_stack import NoStack, told_by_stack
from shared.leads.intake import open_lead
from shared.leads.lead import Lead
from shared.marketplace.offer import offer_of
from shared.marketplace.parse import InvalidPush, parse_push
from shared.policy.load import InvalidPolicy, load_policy, offers_by_title
from shared.policy.model import Policy
from shared.policy.scoring import version_of
from shared.scoring.appraise import appraise
from shared.services.errors import LeadNotFound, StoreUnavailable
from shared.services.ports import LeadFilter
from shared.storage.client import Table, table_client
from shared.storage.lead_index import TableLeadIndex
from shared.storage.lead_store import TableLeadStore

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = "shipped"
PAGE = 200
TELL_EVERY = 1000  # leads


def check(args: argparse.Namespace) -> int:
    """Say that a file is right and what it holds, or what is wrong and where."""
    policy = _policy(args.file)
    print(f"{args.file}: right. Version {version_of(policy.scoring)}.")
    for model in policy.scoring.models:
        whom = "all other leads" if model.for_ is None else "its own leads"
        enter = model.qualify.enter
        print(f"  model {model.name}: {len(model.rules)} rules, for {whom}, qualified from {enter}")
    return 0


def compare(args: argparse.Namespace) -> int:
    """Show whose grade moves, and how the scores lie."""
    old, new = _policy(args.old), _policy(args.new)
    now = datetime.now(UTC)
    leads = _of_files(args.sample, new, now) if args.sample else asyncio.run(_stored(args))
    compared = [
        Compared(name, appraise(lead, old.scoring, now)[1], appraise(lead, new.scoring, now)[1])
        for name, lead in leads
    ]
    print("\n".join(told(compared, args.show)))
    return 0


def _policy(name: str) -> Policy:
    try:
        return load_policy(None if name == SHIPPED else Path(name))
    except InvalidPolicy as exc:
        raise SystemExit(str(exc)) from exc


def _of_files(paths: Sequence[Path], policy: Policy, now: datetime) -> list[tuple[str, Lead]]:
    """Leads of sample pushes: files of one push each, or of one push a line (`.jsonl`)."""
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
            leads.append((name, open_lead(push, name, offer, now).lead))
    return leads


async def _stored(args: argparse.Namespace) -> list[tuple[str, Lead]]:
    table = Table(table_client(_storage(args), args.table, by_identity=False))
    leads: list[tuple[str, Lead]] = []
    try:
        async for lead in _open(table, args.limit):
            leads.append((lead.id, lead))
            if len(leads) % TELL_EVERY == 0:
                print(f"{len(leads)} leads read ...", file=sys.stderr)
    except StoreUnavailable as exc:
        raise SystemExit(f"The store can't be reached: {exc}.") from exc
    finally:
        await table.close()
    return leads


async def _open(table: Table, limit: int) -> AsyncIterator[Lead]:
    """Open leads that have a score, the best first, at most so many."""
    store, index = TableLeadStore(table), TableLeadIndex(table)
    cursor, left = None, limit
    while left > 0:
        page = await index.list_by_score(LeadFilter(test=False), min(PAGE, left), cursor)
        for lead_id in page.lead_ids:
            try:
                yield (await store.get(lead_id)).lead
            except LeadNotFound:
                continue  # gone since the index was read
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
    commands = parser.add_subparsers(required=True)
    one = commands.add_parser(
        "check", help="is a policy file right", description="Exit code 1 if it is wrong."
    )
    one.add_argument("file", metavar="FILE", help=f"a policy file, or `{SHIPPED}`")
    one.set_defaults(run=check)
    two = commands.add_parser(
        "compare",
        help="whose grade moves from OLD to NEW",
        description="Scores the open leads of the running stack by both policies, now. Stores nothing.",
    )
    two.add_argument("old", metavar="OLD", help=f"a policy file, or `{SHIPPED}`")
    two.add_argument("new", metavar="NEW", help=f"a policy file, or `{SHIPPED}`")
    two.add_argument(
        "--sample", nargs="+", type=Path, metavar="FILE", help="pushes as JSON instead, or as .jsonl"
    )
    two.add_argument("--data", type=Path, default=ROOT / ".local", metavar="DIR", help="of the running stack")
    two.add_argument("--storage", metavar="CONNECTION", help="connection string of another store")
    two.add_argument("--table", default="Leads", metavar="NAME", help="its table (default: Leads)")
    two.add_argument("--limit", type=int, default=10_000, metavar="N", help="leads at most (default: 10000)")
    two.add_argument("--show", type=int, default=20, metavar="N", help="moves at most (default: 20)")
    two.set_defaults(run=compare)
    return parser.parse_args()


def main() -> int:
    """Run one of the two."""
    args = _arguments()
    return int(args.run(args))


if __name__ == "__main__":
    sys.exit(main())
