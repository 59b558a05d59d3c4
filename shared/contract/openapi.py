"""The OpenAPI 3.1 document."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from shared.contract.operations import OPERATIONS, PATH_PARAMETERS, Operation
from shared.contract.responses import Problem
from shared.contract.schemas import (
    Schema,
    Schemas,
    answer_schemas,
    body_schemas,
    event_schemas,
    query_parameters,
    reachable,
    reference,
)

VERSION = "0.1.0"  # of the contract; nothing is released yet
ABOUT = (
    "Leads of Microsoft's commercial marketplace: received, scored with reasons, followed up. "
    "Times are RFC 3339 in UTC. Answers and events may get more members, and enumerations more values, "
    "without a new version of this document: ignore what you don't know."
)
_KEYS = {"function": "a key of this function or of the host", "admin": "the master key"}
_OPTIONAL = re.compile(r"/\{(\w+)\?\}$")


@dataclass(frozen=True, slots=True, repr=False)
class Route:
    """One method of one HTTP trigger."""

    name: str  # of the function
    method: str
    template: str  # as the platform reads it: `leads/{id}`, `marketplace/leads/{offer?}`
    auth: str  # anonymous, function, admin
    docstring: str  # of the trigger

    @property
    def key(self) -> str:
        """The key of the operation in `OPERATIONS`: `GET leads/{id}`."""
        return f"{self.method} {self.template}"


def document(routes: Iterable[Route]) -> dict[str, Any]:
    """The document of these routes; a route without an entry in `OPERATIONS` has only path and docstring."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        for path in _paths(route.template):
            paths.setdefault(path, {})[route.method.lower()] = _described(route, path)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Marketplace Leads",
            "version": VERSION,
            "description": ABOUT,
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/api"}],
        "paths": paths,
        "components": {
            "schemas": reachable(paths, _schemas()),
            "securitySchemes": {name: scheme for auth in _KEYS for name, scheme in _schemes(auth)},
        },
    }


def _paths(template: str) -> list[str]:
    """The paths of a template: without its optional last part, and with it."""
    optional = _OPTIONAL.search(template)
    if optional is None:
        return [f"/{template}"]
    without = f"/{template[: optional.start()]}"
    return [without, f"{without}/{{{optional[1]}}}"]


def _described(route: Route, path: str) -> dict[str, Any]:
    operation = OPERATIONS.get(route.key, Operation())
    name = operation.name or route.name
    is_shorter = bool(_OPTIONAL.search(route.template)) and not path.endswith("}")
    parameters = [*_in_path(path), *(query_parameters(operation.query) if operation.query else ())]
    described = {
        "operationId": f"{name}_without_offer" if is_shorter else name,
        "summary": name.replace("_", " ").capitalize(),
        "description": _description(route),
        "tags": [route.template.partition("/")[0]],
        "security": [{name: []} for name, _ in _schemes(route.auth)],
        "parameters": parameters,
        "responses": _responses(operation, route.auth),
    }
    if operation.body is not None:
        body = {"required": True, "content": {"application/json": {"schema": _schema(operation.body)}}}
        described["requestBody"] = body
    return {name: value for name, value in described.items() if value != []}


def _description(route: Route) -> str:
    """The paragraphs of the docstring that begin with this method, else those that begin with no method."""
    paragraphs = route.docstring.split("\n\n")
    own = [text for text in paragraphs if text.startswith(f"{route.method} ")]
    return "\n\n".join(own or [text for text in paragraphs if not re.match(r"[A-Z]{3,} ", text)])


def _in_path(path: str) -> Iterator[dict[str, Any]]:
    for name in re.findall(r"\{(\w+)\}", path):
        yield {"name": name, "in": "path", "required": True, **PATH_PARAMETERS[name]}


def _responses(operation: Operation, auth: str) -> dict[str, Any]:
    responses = {str(int(operation.status)): _answer(operation.status, operation.answer)}
    for status in operation.problems:
        responses[str(status)] = _problem(HTTPStatus(status))
    if auth in _KEYS:
        responses["401"] = {
            "description": f"The platform requires {_KEYS[auth]}; the body of its answer is unspecified."
        }
    if operation.also is not None:
        answer = _answer(HTTPStatus(operation.also), operation.answer)
        responses[str(operation.also)]["content"] |= answer["content"]
    return dict(sorted(responses.items()))


def _answer(status: HTTPStatus, answer: Any) -> dict[str, Any]:
    response: dict[str, Any] = {"description": status.phrase}
    if answer is not None:
        response["content"] = {"application/json": {"schema": _schema(answer)}}
    return response


def _problem(status: HTTPStatus) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": reference(Problem.__name__)}}
    response: dict[str, Any] = {"description": status.phrase, "content": content}
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        seconds = {"type": "integer", "minimum": 1}
        response["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": seconds}}
    return response


def _schema(described: Any) -> Schema:
    """A schema as it is, or a reference to the schema of a type."""
    return described if isinstance(described, dict) else reference(described.__name__)


def _schemas() -> Schemas:
    operations = OPERATIONS.values()
    bodies = [operation.body for operation in operations if isinstance(operation.body, type)]
    answers = [operation.answer for operation in operations if isinstance(operation.answer, type)]
    return {**body_schemas(bodies), **answer_schemas((*answers, Problem)), **event_schemas()}


def _schemes(auth: str) -> list[tuple[str, dict[str, str]]]:
    """Security schemes of a level: the key goes into a header or into the query."""
    if auth not in _KEYS:
        return []
    key = {"type": "apiKey", "description": _KEYS[auth].capitalize()}
    return [
        (f"{auth}Key", {**key, "in": "header", "name": "x-functions-key"}),
        (f"{auth}KeyInQuery", {**key, "in": "query", "name": "code"}),
    ]
