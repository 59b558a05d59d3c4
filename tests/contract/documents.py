"""The documents as tests read them: stricter than they are given out."""

import copy
import json
from typing import Any

from jsonschema import Draft202012Validator

import function_app
from functions.openapi import routes_of
from shared.contract.asyncapi import event_file, lead_file
from shared.contract.openapi import document
from shared.contract.schemas import reachable

OPENAPI = json.loads(json.dumps(document(routes_of(function_app.BLUEPRINTS))))
METHODS = {"get", "post", "patch", "put", "delete"}


def operations(openapi: dict[str, Any] = OPENAPI):
    """Path, method and what the document says of it."""
    for path, item in openapi["paths"].items():
        for method, operation in item.items():
            yield path, method, operation


def closed(openapi: dict[str, Any] = OPENAPI) -> dict[str, Any]:
    """A copy whose answers must have no member that isn't listed."""
    strict = copy.deepcopy(openapi)
    schemas = strict["components"]["schemas"]
    answers = [operation["responses"] for _, _, operation in operations(strict)]
    for schema in reachable(answers, schemas).values():
        _close(schema)
    return strict


def closed_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """The same of a schema that stands for itself."""
    strict = copy.deepcopy(schema)
    for one in (strict, *strict.get("$defs", {}).values()):
        _close(one)
    return strict


def validator(name: str) -> Draft202012Validator:
    """Of one schema of the API, closed; formats count."""
    strict = closed()
    schema = {"$ref": f"#/components/schemas/{name}", "components": strict["components"]}
    return validator_of(schema)


def validator_of(schema: dict[str, Any]) -> Draft202012Validator:
    """Formats count: a time must be one."""
    checker = Draft202012Validator.FORMAT_CHECKER
    assert "date-time" in checker.checkers
    return Draft202012Validator(schema, format_checker=checker)


def _close(schema: dict[str, Any]) -> None:
    if "properties" in schema:
        schema["additionalProperties"] = False


def body_schema(type_):
    """The schema of a message's body, with the lead that its file refers to."""
    lead_schema = lead_file()
    body = event_file(type_)
    body["properties"]["lead"] = {name: value for name, value in lead_schema.items() if name != "$defs"}
    return {**body, "$defs": {**lead_schema["$defs"], **body["$defs"]}}
