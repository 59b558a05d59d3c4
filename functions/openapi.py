"""The API describes itself."""

import functools
import json
from collections.abc import Sequence

import azure.functions as func


def about(others: Sequence[func.Blueprint]) -> func.Blueprint:
    """The trigger that describes these, and itself."""
    blueprint = func.Blueprint()

    @functools.cache
    def written() -> str:
        from functions.contract.document import document  # noqa: PLC0415 - schemas of everything: 30 ms
        from functions.contract.routes import routes_of  # noqa: PLC0415 - likewise

        return json.dumps(document(routes_of((*others, blueprint))), ensure_ascii=False)

    @blueprint.function_name("openapi")
    @blueprint.route(route="openapi.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
    async def openapi(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - a trigger must name its binding
        """Answer this document: OpenAPI 3.1, made at the first request."""
        return func.HttpResponse(written(), mimetype="application/json")

    return blueprint
