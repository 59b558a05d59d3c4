"""Logging: everything to stderr, each record with the id of its invocation.

Nothing here ever logs a URL, header or body: the query string of a function app carries its key.
"""

import logging
from contextvars import ContextVar

from azure_functions_runtime import invocation_id_cv as invocation_id_of_thread

invocation_id_of_task: ContextVar[str | None] = ContextVar("invocation_id_of_task", default=None)

_FORMAT = "%(asctime)s.%(msecs)03d %(levelname)-7s %(name)s%(invocation)s: %(message)s"
_QUIET = {
    "azure.functions": logging.WARNING,  # repeats every binding for every function
    "azure.core.pipeline.policies.http_logging_policy": logging.WARNING,
    "azure.servicebus": logging.CRITICAL,  # logs each failed reconnection; the listeners log an outage once
    "aiohttp.access": logging.CRITICAL,  # would log query strings
    "aiohttp.server": logging.CRITICAL,  # would log malformed request lines
}


def configure(*, verbose: bool) -> None:
    """Send log records of level INFO, with `verbose` DEBUG, to stderr."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(_FORMAT, datefmt="%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(_add_invocation)
    logging.basicConfig(level=logging.DEBUG if verbose else logging.INFO, handlers=[handler], force=True)
    for name, level in _QUIET.items():
        logging.getLogger(name).setLevel(level)


def expect_leftovers() -> None:
    """Silence warnings about clients left open at exit: as in Azure, the app has no hook to close them."""
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def _add_invocation(record: logging.LogRecord) -> bool:
    invocation_id = invocation_id_of_task.get() or invocation_id_of_thread.get()  # async or sync function
    record.invocation = f" {invocation_id}" if invocation_id and not record.name.startswith("local.") else ""
    return True
