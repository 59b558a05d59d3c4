"""The HTTP front: routes, keys, and the admin API."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from aiohttp import web

from local.emulators.functions.errors import PORT_TAKEN, StartError
from local.emulators.functions.http_messages import problem, request_data, response_from
from local.emulators.functions.keys import Keys
from local.emulators.functions.protos import ParameterBinding
from local.emulators.functions.routes import RouteTable
from local.emulators.functions.triggers import HttpTrigger
from local.emulators.functions.worker import IndexedFunction, Worker

_log = logging.getLogger(__name__)

MAX_BODY = 100 << 20  # bytes, the platform's default limit


@dataclass(frozen=True, slots=True)
class HttpEndpoint:
    """A function with its route; a disabled one keeps it, and answers 404 to all but the master key."""

    function: IndexedFunction
    trigger: HttpTrigger
    is_disabled: bool = False


type Admin = Callable[[web.Request], Awaitable[web.Response]]


class HttpFront:
    """Routes requests to functions; everything below `/admin/` goes to the admin API."""

    def __init__(self, worker: Worker, keys: Keys | None, admin: Admin) -> None:
        """`keys` None accepts every caller, as `func start` does."""
        self._worker, self._keys, self._admin = worker, keys, admin
        self._routes: RouteTable[HttpEndpoint] = RouteTable()
        self._runner: web.AppRunner | None = None

    def add(self, endpoint: HttpEndpoint) -> None:
        """Serve a function on its route."""
        self._routes.add(endpoint.trigger.route, endpoint.trigger.methods, endpoint)

    async def listen(self, host: str, port: int, drain_limit: timedelta) -> int:
        """Start listening; returns the port, which the system chooses when `port` is 0.

        Raises:
            StartError: the port is taken, or not allowed.
        """
        application = web.Application(client_max_size=MAX_BODY)
        application.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(
            application,
            access_log=None,
            auto_decompress=False,  # a function gets the body as it was sent
            handle_signals=False,
            shutdown_timeout=drain_limit.total_seconds(),
        )
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as exc:
            reason = f"can't listen on {host}:{port}: {exc.strerror}"
            raise StartError(reason, exit_code=PORT_TAKEN) from exc
        return int(self._runner.addresses[0][1])

    async def close(self) -> None:
        """Stop listening, finish answers in progress (within the drain limit), close connections."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        try:
            if request.path.startswith("/admin/"):
                return await self._answer_admin(request)
            return await self._answer_function(request)
        except Exception:  # noqa: BLE001 - a bug of this host: it is logged, and the caller gets a 500
            _log.exception("the host failed to answer a request")
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The host failed; its log says why.")

    async def _answer_admin(self, request: web.Request) -> web.Response:
        if self._keys is not None and not self._keys.open_admin(presented_key(request)):
            return problem(HTTPStatus.UNAUTHORIZED, "The master key is needed.")
        return await self._admin(request)

    async def _answer_function(self, request: web.Request) -> web.Response:
        found = self._routes.find(request.method, request.rel_url.raw_path)
        if found is None:  # also for the wrong method: the platform never answers 405
            return problem(HTTPStatus.NOT_FOUND, "No function has this route and method.")
        endpoint, route_values = found
        if not self._may_call(endpoint, presented_key(request)):
            return problem(HTTPStatus.UNAUTHORIZED, "A key of this function or of the host is needed.")
        if endpoint.is_disabled and not self._is_admin(presented_key(request)):
            return problem(HTTPStatus.NOT_FOUND, "This function is disabled.")
        # The platform reads a body only if Content-Length is set: a chunked one arrives empty.
        if (request.content_length or 0) > MAX_BODY:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is longer than {MAX_BODY} bytes.")
        body = await request.read() if request.content_length else b""
        return await self._invoke(endpoint, request, route_values, body)

    def _may_call(self, endpoint: HttpEndpoint, presented: str | None) -> bool:
        if self._keys is None:
            return True
        return self._keys.open_function(presented, endpoint.function.name, endpoint.trigger.auth_level)

    def _is_admin(self, presented: str | None) -> bool:
        return self._keys is not None and self._keys.open_admin(presented)

    async def _invoke(
        self, endpoint: HttpEndpoint, request: web.Request, route_values: Mapping[str, str], body: bytes
    ) -> web.Response:
        data = request_data(request, route_values, body)
        outcome = await self._worker.invoke(
            endpoint.function, ParameterBinding(name=endpoint.trigger.argument, data=data)
        )
        if not outcome.succeeded:
            return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "The function failed; the host's log says why.")
        return response_from(outcome.value)


def presented_key(request: web.Request) -> str | None:
    """The key in a request: from the header, else from the query."""
    return request.headers.get("x-functions-key") or request.query.get("code")
