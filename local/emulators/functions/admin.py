"""The admin API that tools need: status, the list of functions, running a timer by hand."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web

from local.emulators.functions.http_messages import problem
from local.emulators.functions.timers import Timer
from local.emulators.functions.worker import IndexedFunction


class AdminApi:
    """Answers requests below `/admin/`; the caller has checked the master key."""

    def __init__(
        self,
        functions: Sequence[IndexedFunction],
        timers: Mapping[str, Timer],
        start: Callable[[Coroutine[Any, Any, None], str], None],
    ) -> None:
        """`start` runs a coroutine in the background under a name."""
        self._functions = {function.name.lower(): function for function in functions}
        self._timers, self._start = timers, start

    async def answer(self, request: web.Request) -> web.Response:
        """`GET host/status`, `GET functions`, `GET functions/NAME`, `POST functions/NAME`; else 404."""
        match request.method, request.path.strip("/").split("/")[1:]:
            case "GET", ["host", "status"]:
                return web.json_response({"state": "Running", "functions": self._names()})
            case "GET", ["functions"]:
                return web.json_response([_as_json(function) for function in self._functions.values()])
            case "GET", ["functions", name] if name.lower() in self._functions:
                return web.json_response(_as_json(self._functions[name.lower()]))
            case "POST", ["functions", name] if name.lower() in self._functions:
                return self._run(self._functions[name.lower()].name)
        return problem(HTTPStatus.NOT_FOUND, "The admin API has no such resource.")

    def _names(self) -> list[str]:
        return [function.name for function in self._functions.values()]

    def _run(self, name: str) -> web.Response:
        """202 before the function has run, as on the platform; its outcome is in the log."""
        timer = self._timers.get(name)
        if timer is None:
            return problem(HTTPStatus.BAD_REQUEST, "Only a timer function can be run by hand.")
        self._start(timer.run_now(), f"{name} by hand")
        return web.Response(status=HTTPStatus.ACCEPTED)


def _as_json(function: IndexedFunction) -> dict[str, Any]:
    return {"name": function.name, "config": {"bindings": list(function.bindings)}}
