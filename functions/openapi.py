"""Serve the OpenAPI document of the API."""

import functools
import inspect
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import azure.functions as func
from azure.functions.decorators.http import HttpTrigger

if TYPE_CHECKING:
    from shared.contract.openapi import Route


def openapi_blueprint(others: Sequence[func.Blueprint]) -> func.Blueprint:
    """A blueprint whose trigger serves the document of all routes, its own included."""
    blueprint = func.Blueprint()

    @functools.cache
    def document_text() -> str:
        from shared.contract.openapi import document  # noqa: PLC0415 - schemas of everything: 30 ms

        return json.dumps(document(routes_of((*others, blueprint))), ensure_ascii=False)

    @blueprint.function_name("openapi")
    @blueprint.route(route="openapi.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    async def openapi(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - a trigger must name its binding
        """Answer this document: OpenAPI 3.1, made at the first request."""
        return func.HttpResponse(document_text(), mimetype="application/json")

    return blueprint


def routes_of(blueprints: Sequence[func.Blueprint]) -> "tuple[Route, ...]":
    """Every route, in the order of registration. Read from a new app, which lists its functions only once."""
    from shared.contract.openapi import Route  # noqa: PLC0415 - as above

    app = func.FunctionApp()
    for blueprint in blueprints:
        app.register_functions(blueprint)
    return tuple(Route(*described) for function in app.get_functions() for described in _routes(function))


def _routes(function: func.Function) -> Iterator[tuple[str, str, str, str, str]]:
    """Name, method, template, key and docstring of each method."""
    name, trigger = function.get_function_name(), function.get_trigger()
    if not isinstance(trigger, HttpTrigger) or name is None or trigger.route is None:
        return
    docstring = inspect.getdoc(function.get_user_function()) or ""
    auth = str(trigger.auth_level.value if trigger.auth_level else "function").lower()
    for method in trigger.methods or ():
        yield name, method.value, trigger.route, auth, docstring
