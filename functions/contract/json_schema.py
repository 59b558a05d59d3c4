"""JSON Schema as JSON: references, and what can be said shorter."""

from collections.abc import Iterator
from typing import Any, cast

REF = "#/components/schemas/{name}"

type Schema = dict[str, Any]
type Schemas = dict[str, Schema]


def reachable(document: Any, schemas: Schemas, ref: str = REF) -> Schemas:
    """The schemas that a document refers to, itself or through others."""
    found: Schemas = {}
    waiting = [*_named(document, ref)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found[name] = schemas[name]
            waiting += _named(schemas[name], ref)
    return dict(sorted(found.items()))


def reference(name: str, ref: str = REF) -> Schema:
    """A reference to a schema."""
    return {"$ref": ref.format(name=name)}


def compact(schemas: Schemas) -> Schemas:
    """`anyOf` a type and null is said as `type: [..., null]`."""
    return cast(Schemas, _compact(schemas))


def _compact(node: Any) -> Any:
    if isinstance(node, list | tuple):
        return [_compact(part) for part in node]
    if not isinstance(node, dict):
        return node
    node = {name: _compact(value) for name, value in node.items()}
    match node:
        case {"anyOf": [{"type": str() as type_} as one, {"type": "null"}]} if "enum" not in one:
            others = {name: value for name, value in node.items() if name != "anyOf"}
            return {**others, **one, "type": [type_, "null"]}
    return node


def _named(document: Any, ref: str) -> Iterator[str]:
    prefix = ref.format(name="")
    if isinstance(document, dict):
        if "$ref" in document:
            yield document["$ref"].removeprefix(prefix)
        document = list(document.values())
    if isinstance(document, list | tuple):
        for part in document:
            yield from _named(part, ref)
