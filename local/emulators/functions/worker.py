"""Microsoft's worker library: start it, index the app, and run its functions.

The calls come in the order of the platform's worker. The library keeps its index in module globals, so
that one process can start one app, once.
"""

import asyncio
import json
import logging
import os
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import azure_functions_runtime as runtime

from local.emulators.functions import protos
from local.emulators.functions.errors import StartError
from local.emulators.functions.logs import invocation_id_of_task
from local.emulators.functions.protos import (
    ParameterBinding,
    RpcException,
    RpcRetryOptions,
    StatusResult,
    TypedData,
)
from local.emulators.functions.triggers import Binding

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IndexedFunction:
    """A function that the library found in the app."""

    name: str
    function_id: str
    bindings: Sequence[Binding]
    retry: RpcRetryOptions | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """Which attempt an invocation is; `exception` is what the attempt before raised."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: RpcException | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an invocation ended: with `exception` None it succeeded, and `value` is what it returned."""

    value: TypedData | None = None
    exception: RpcException | None = None

    @property
    def succeeded(self) -> bool:
        return self.exception is None


FIRST_ATTEMPT = Attempt()


class Worker:
    """The running library. Only its invocations may overlap; start and stop come once each."""

    def __init__(self, function_timeout: timedelta | None) -> None:
        """`function_timeout`: an invocation that exceeds it fails, and an async function is cancelled."""
        self._timeout = None if function_timeout is None else function_timeout.total_seconds()
        self._running: dict[asyncio.Task[Outcome], str] = {}

    async def start(self, app_root: Path) -> list[IndexedFunction]:
        """Import the app's script file and list its functions, at least one.

        Raises:
            StartError: the import or the indexing failed (with the traceback), or nothing was found.
        """
        runtime.start_threadpool_executor()
        await self._index(app_root)
        response = await runtime.functions_metadata_request(None)
        if not response.function_metadata_results:
            script = os.environ.get("PYTHON_SCRIPT_FILE_NAME", "function_app.py")
            raise StartError(f"no function found: {app_root / script} doesn't exist or registers none")
        return [
            IndexedFunction(
                name=found.name,
                function_id=found.function_id,
                bindings=[json.loads(binding) for binding in found.raw_bindings],
                retry=found.retry_options,
            )
            for found in response.function_metadata_results
        ]

    async def _index(self, app_root: Path) -> None:
        request = SimpleNamespace(capabilities={}, function_app_directory=str(app_root))
        try:
            response = await runtime.worker_init_request(
                SimpleNamespace(
                    request=SimpleNamespace(worker_init_request=request),
                    properties={"host": "127.0.0.1", "protos": protos},
                )
            )
        except ImportError as exc:  # an `azure/__init__.py` in the app hides Microsoft's namespace
            raise StartError(f"Microsoft's worker library can't be used from {app_root}: {exc}") from exc
        if response.result.status != StatusResult.Success:
            failure = response.result.exception
            # The library appends its own advice and all of sys.path to an import error.
            sentence = failure.message.split(" Please check the requirements.txt")[0]
            raise StartError(f"the app can't be indexed: {sentence}", details=failure.stack_trace)

    async def invoke(
        self,
        function: IndexedFunction,
        argument: ParameterBinding,
        trigger_metadata: Mapping[str, TypedData] | None = None,
        attempt: Attempt = FIRST_ATTEMPT,
    ) -> Outcome:
        """Run a function once; what it raises is in the outcome, and in the log.

        It runs in a task of its own, because tracing attaches context that the library never detaches, and
        so that a caller that goes away doesn't end the invocation.
        """
        invocation_id = str(uuid.uuid4())
        run = self._run(function, invocation_id, argument, trigger_metadata or {}, attempt)
        task = asyncio.create_task(run, name=f"{function.name} {invocation_id}")
        self._running[task] = function.name
        task.add_done_callback(self._running.pop)
        return await asyncio.shield(task)

    async def _run(
        self,
        function: IndexedFunction,
        invocation_id: str,
        argument: ParameterBinding,
        trigger_metadata: Mapping[str, TypedData],
        attempt: Attempt,
    ) -> Outcome:
        invocation_id_of_task.set(invocation_id)
        started = time.perf_counter()
        request = _invocation_request(function, invocation_id, argument, trigger_metadata, attempt)
        try:
            async with asyncio.timeout(self._timeout):
                response = await runtime.invocation_request(request)
        except TimeoutError:
            exception: RpcException | None = RpcException(message=f"timed out after {self._timeout:g} s")
        else:
            exception = response.result.exception
        duration = (time.perf_counter() - started) * 1000
        if exception is not None:
            _log.error(
                "%s %s failed after %.1f ms: %s",
                function.name, invocation_id, duration, exception.stack_trace or exception.message,
            )  # fmt: skip
            return Outcome(exception=exception)
        _log.info("%s %s succeeded after %.1f ms", function.name, invocation_id, duration)
        return Outcome(value=response.return_value)

    async def drain(self, limit: timedelta) -> bool:
        """Wait until no invocation runs, at most `limit`, then end the thread pool.

        Returns:
            False when some still run; they are named in the log, and their threads go on.
        """
        if self._running:
            _log.info("waiting for %d running invocations", len(self._running))
            await asyncio.wait(self._running, timeout=limit.total_seconds())
        if self._running:
            _log.warning("still running after %s: %s", limit, ", ".join(sorted(self._running.values())))
            return False
        runtime.stop_threadpool_executor()
        return True


def _invocation_request(
    function: IndexedFunction,
    invocation_id: str,
    argument: ParameterBinding,
    trigger_metadata: Mapping[str, TypedData],
    attempt: Attempt,
) -> SimpleNamespace:
    trace_parent = f"00-{uuid.uuid4().hex}-{uuid.uuid4().hex[:16]}-01"  # W3C: version, trace, span, sampled
    invocation = SimpleNamespace(
        invocation_id=invocation_id,
        function_id=function.function_id,
        input_data=[argument],
        trigger_metadata=trigger_metadata,
        trace_context=SimpleNamespace(trace_parent=trace_parent, trace_state="", attributes={}),
        retry_context=attempt,
    )
    return SimpleNamespace(request=SimpleNamespace(invocation_request=invocation))


def make_importable(app_root: Path) -> None:
    """Put the app last on `sys.path`, as Azure does, so that it can't hide an installed package.

    The entry through which this package was found (working directory, `PYTHONPATH`) is removed: it would
    come before the app, and its modules would be imported instead of the app's.
    """
    own_root = Path(__file__).resolve().parents[3]
    unwanted = {own_root, app_root}
    sys.path[:] = [entry for entry in sys.path if Path(entry).resolve() not in unwanted]
    sys.path.append(str(app_root))
