"""What a process checks once against the table: which policy is in force, and is the id key the same."""

import asyncio
import logging
from collections.abc import Sequence
from copy import replace
from typing import Any, NamedTuple

from shared.enrichment.identity import key_fingerprint
from shared.policy.load import InvalidPolicy, parse_policy
from shared.policy.model import Policy
from shared.services.context import AppContext, Fault, FaultCode, PolicySource, UnavailablePort
from shared.services.errors import StoreUnavailable

LARGEST_KEPT = 250_000  # characters of a policy: half of what a row of the table takes
STORE_PORTS = ("lead_store", "due_index", "lead_index", "workloads", "desk_state")
WRONG_KEY = (
    "LEADS_ID_KEY isn't the key that the ids in this table were made with: pushes wait in `spill` until it is"
)

log = logging.getLogger(__name__)


class ConfiguredPolicy(NamedTuple):
    """The policy that the settings name."""

    text: str = ""  # as written
    policy: Policy | None = None  # None: it is wrong
    mistakes: Sequence[str] = ()  # of a wrong one


async def check_against_store(app: AppContext, configured: ConfiguredPolicy) -> AppContext:
    """The app context with the policy that is in force, and without an id key that isn't the table's.

    A right policy is stored as the last right one. A wrong one is replaced by the last right one, else by the
    shipped one. The first id key of a table stays the table's: another one would give every person a new id.

    Raises:
        StoreUnavailable: the table can't be read.
    """
    (policy, source), is_known_key = await asyncio.gather(
        _policy_in_force(app, configured), _is_the_tables_key(app)
    )
    app = replace(app, policy=policy, policy_source=source)
    return app if is_known_key else with_fault(replace(app, id_key=None), FaultCode.ID_KEY, [WRONG_KEY])


def unchecked(app: AppContext, configured: ConfiguredPolicy) -> AppContext:
    """The app context while the table can't be read: intake goes on, with the key and the policy as given.

    With a wrong policy it goes on as if the table were away for all use cases: which policy is in force isn't
    known, and it decides about ids and scores.
    """
    if configured.policy is not None:
        return app
    away: Any = UnavailablePort(lambda: StoreUnavailable("the last right policy can't be read"))
    return replace(app, **dict.fromkeys(STORE_PORTS, away))


def with_fault(app: AppContext, code: FaultCode, because: Sequence[str]) -> AppContext:
    """The app context with another fault."""
    return replace(app, faults=(*app.faults, Fault(code, tuple(because))))


async def _policy_in_force(app: AppContext, configured: ConfiguredPolicy) -> tuple[Policy, PolicySource]:
    last_right = await app.desk_state.find_policy()
    if configured.policy is not None:
        await _keep(app, configured.text, last_right)
        return configured.policy, PolicySource.CONFIGURED
    try:
        if last_right is not None:
            return parse_policy(last_right), PolicySource.LAST_RIGHT
    except InvalidPolicy as exc:
        log.warning("the last right policy is of another version (%d mistakes)", len(exc.mistakes))
    return parse_policy(""), PolicySource.SHIPPED


async def _keep(app: AppContext, text: str, last_right: str | None) -> None:
    if len(text) > LARGEST_KEPT:
        log.warning("the policy is too large to be kept as the last right one")
    elif text != last_right:
        await app.desk_state.upsert_policy(text)


async def _is_the_tables_key(app: AppContext) -> bool:
    if app.id_key is None:
        return True  # there is none to compare, and a fault says so already
    fingerprint = key_fingerprint(app.id_key)
    return await app.desk_state.get_or_create_key_fingerprint(fingerprint) == fingerprint
