"""JSON Schema (2020-12) of what callers send and what they get, from the structs themselves."""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import NODEFAULT, inspect

from shared.leads.lead import Lead
from shared.leads.wire import NOT_ON_THE_WIRE

REF = "#/components/schemas/{name}"

type Schema = dict[str, Any]
type Schemas = dict[str, Schema]


def body_schemas(types: Iterable[Any], ref: str = REF) -> Schemas:
    """What callers send, by name: unknown members are ignored, so more is allowed than what is listed."""
    return msgspec.json.schema_components(types, ref_template=ref)[1]


def answer_schemas(types: Iterable[Any], ref: str = REF) -> Schemas:
    """What callers get, by name: every member is there, the desk's bookkeeping isn't, times are RFC 3339.

    Later versions may have more members, so more are allowed.
    """
    types = tuple(types)
    _, schemas = msgspec.json.schema_components(types, ref_template=ref)
    for struct in _structs(inspect.multi_type_info(types), set()):
        schemas[struct.cls.__name__] = _as_told(struct, schemas[struct.cls.__name__])
    return schemas


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


def _as_told(struct: inspect.StructType, schema: Schema) -> Schema:
    hidden = NOT_ON_THE_WIRE if struct.cls is Lead else ()
    fields = [field for field in struct.fields if field.encode_name not in hidden]
    members = {field.encode_name: _member(field, schema["properties"]) for field in fields}
    always = [field.encode_name for field in fields if _is_always_there(struct, field)]
    open_ = {name: value for name, value in schema.items() if name != "additionalProperties"}
    return {**open_, "properties": members, "required": always}


def _is_always_there(struct: inspect.StructType, field: inspect.Field) -> bool:
    """Unless it is left out: as a default, or for being UNSET, which counts as no default here."""
    has_default = not (field.default is NODEFAULT and field.default_factory is NODEFAULT)
    return field.required or (has_default and not struct.cls.__struct_config__.omit_defaults)


def _member(field: inspect.Field, members: Schemas) -> Schema:
    """Without its default, which matters to nobody who gets it; a time says that it is one."""
    schema = {name: value for name, value in members[field.encode_name].items() if name != "default"}
    if any(isinstance(node, inspect.DateTimeType) for node in _alternatives(field.type)):
        return _dated(schema)
    return schema


def _alternatives(type_: inspect.Type) -> tuple[inspect.Type, ...]:
    return type_.types if isinstance(type_, inspect.UnionType) else (type_,)


def _dated(schema: Schema) -> Schema:
    if "anyOf" in schema:
        return {**schema, "anyOf": [_dated(one) for one in schema["anyOf"]]}
    return {**schema, "format": "date-time"} if schema.get("type") == "string" else schema


def _structs(node: Any, seen: set[type]) -> Iterator[inspect.StructType]:
    """Every struct within a type, once."""
    if isinstance(node, tuple | list):
        for part in node:
            yield from _structs(part, seen)
    elif isinstance(node, inspect.Type | inspect.Field):
        if isinstance(node, inspect.StructType):
            if node.cls in seen:
                return
            seen.add(node.cls)
            yield node
        for name in node.__struct_fields__:
            yield from _structs(getattr(node, name), seen)


def _named(document: Any, ref: str) -> Iterator[str]:
    prefix = ref.format(name="")
    if isinstance(document, dict):
        if "$ref" in document:
            yield document["$ref"].removeprefix(prefix)
        document = list(document.values())
    if isinstance(document, list | tuple):
        for part in document:
            yield from _named(part, ref)
