"""JSON Schema (2020-12) of what callers send and what they get, from the types themselves.

Only the documents need it: it imports pydantic's schema generator.
"""

from collections.abc import Iterable, Iterator
from dataclasses import MISSING, fields, make_dataclass
from datetime import datetime
from types import GenericAlias
from typing import Any, Literal, cast

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import PydanticOmit
from pydantic_core.core_schema import DataclassSchema, IsInstanceSchema, WithDefaultSchema

from shared.contract.responses import GROUPS, HIDDEN
from shared.leads.events import PAYLOADS, Event, EventType
from shared.leads.json_form import OmitsDefaults, camel
from shared.leads.stats import Group, Stats
from shared.typed_json import Unknown, adapter

REF = "#/components/schemas/{name}"

type Schema = dict[str, Any]
type Schemas = dict[str, Schema]


class _Sent(GenerateJsonSchema):
    """Types have their names as titles, fields have none; an absent member is described by its absence."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """Never: a field's name says it."""
        return False

    def is_instance_schema(self, schema: IsInstanceSchema) -> JsonSchemaValue:  # noqa: ARG002
        """`Absent` is no JSON."""
        raise PydanticOmit

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        """A default of ours goes without saying: the description tells what absence means."""
        return self.generate_inner(schema["schema"])


class _Answered(_Sent):
    """Every member is there, but for those that a type leaves out when they have their default."""

    def dataclass_schema(self, schema: DataclassSchema) -> JsonSchemaValue:
        """Required are the members without a default, or all."""
        described = super().dataclass_schema(schema)
        if issubclass(schema["cls"], OmitsDefaults):
            always = {camel(one.name) for one in fields(schema["cls"]) if _is_always_there(one)}
            described["required"] = [name for name in described["properties"] if name in always]
        return described


class _Asked(_Sent):
    """A query says what goes without saying."""

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        """As pydantic says it."""
        return GenerateJsonSchema.default_schema(self, schema)


def body_schemas(types: Iterable[Any], ref: str = REF, *, unknown: Unknown = "forbid") -> Schemas:
    """What callers send, by name; `unknown` says what becomes of members that a type doesn't know."""
    return _schemas(types, "validation", ref, _Sent, unknown)


def answer_schemas(types: Iterable[Any], ref: str = REF) -> Schemas:
    """What callers get, by name, without the desk's bookkeeping. Later versions may add members."""
    schemas = _schemas(types, "serialization", ref, _Answered)
    return {**schemas, "Lead": _public(schemas["Lead"])} if "Lead" in schemas else schemas


def event_schemas(ref: str = REF) -> Schemas:
    """One schema for each type of event, those of their data, and `Event`: any of them."""
    schemas = answer_schemas((EVENT, *PAYLOADS.values()), ref)
    event = {**schemas["Event"], "properties": {**schemas["Event"]["properties"]}}
    for type_ in PAYLOADS:
        schemas[event_name(type_)] = _of_type(type_, event, ref)
    return {**schemas, "Event": _any_event(event, ref)}


def event_name(type_: EventType) -> str:
    """What the schema of a type is called."""
    return "".join(word.capitalize() for word in type_.name.split("_")) + "Event"


def query_parameters(type_: type) -> list[Schema]:
    """The parameters of a query as OpenAPI lists them, from the type that reads them."""
    described = adapter(type_).json_schema(mode="validation", schema_generator=_Asked)
    return [
        _parameter(name, schema, described.get("$defs", {}))
        for name, schema in described["properties"].items()
    ]


def _parameter(name: str, schema: Schema, named: Schemas) -> Schema:
    """Without null: a parameter that isn't given isn't there."""
    given = {key: value for key, value in schema.items() if key not in ("description", "default", "anyOf")}
    description, default = schema.get("description", ""), schema.get("default")
    for one in schema.get("anyOf", ()):
        if one.get("type") != "null":
            resolved = named[one["$ref"].rpartition("/")[2]] if "$ref" in one else one
            given |= {key: value for key, value in resolved.items() if key not in ("title", "description")}
            description = one.get("description", description)
    if default is not None:
        given["default"] = default
    return {"name": name, "in": "query", "description": description, "schema": given, "allowEmptyValue": True}


def stats_type() -> type:
    """`Stats` with its time and its groups: a group's name stands under what it is the name of."""
    members: list[Any] = [("from_", datetime), ("to", datetime)]
    for one in fields(Stats):
        _, by, kind = one.name.partition("by_")
        members.append((one.name, GenericAlias(tuple, (_group(kind), ...)) if by else one.type))
    return _dataclass("StatsAnswer", members, Stats)


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


def _dataclass(name: str, members: list[Any], like: type) -> type:
    return make_dataclass(name, members, namespace={"__doc__": like.__doc__}, kw_only=True)


EVENT = _dataclass(
    "Event",
    [("id", str), ("number", int), ("type", EventType), ("time", datetime), ("data", dict[str, Any])],
    Event,
)
EVENT_PAGE = make_dataclass(
    "EventPage",
    [("items", GenericAlias(tuple, (EVENT, ...))), ("cursor", str | None)],
    namespace={"__doc__": "A lead's history in order; `cursor` asks for the next page, null on the last."},
    kw_only=True,
)


def _schemas(
    types: Iterable[Any],
    mode: Literal["validation", "serialization"],
    ref: str,
    generator: type[GenerateJsonSchema],
    unknown: Unknown = "ignore",
) -> Schemas:
    together = adapter(GenericAlias(tuple, tuple(types)), unknown=unknown)
    template = ref.format(name="{model}")
    described = together.json_schema(mode=mode, ref_template=template, schema_generator=generator)
    return cast(Schemas, _compact(described["$defs"]))


def _is_always_there(one: Any) -> bool:
    return one.default is MISSING and one.default_factory is MISSING


def _public(lead: Schema) -> Schema:
    members = {name: schema for name, schema in lead["properties"].items() if name not in HIDDEN}
    return {**lead, "properties": members, "required": [one for one in lead["required"] if one in members]}


def _of_type(type_: EventType, event: Schema, ref: str) -> Schema:
    data = PAYLOADS[type_]
    members = {**event["properties"], "type": {"const": type_.value}, "data": reference(data.__name__, ref)}
    return {**event, "title": type_.value, "description": data.__doc__ or "", "properties": members}


def _any_event(event: Schema, ref: str) -> Schema:
    by_type: dict[str, Any] = {type_.value: reference(event_name(type_), ref) for type_ in PAYLOADS}
    return {
        "title": "Event",
        "description": event["description"],
        "oneOf": list(by_type.values()),
        "discriminator": {
            "propertyName": "type",
            "mapping": {type_: one["$ref"] for type_, one in by_type.items()},
        },
    }


def _group(kind: str) -> type:
    """`Group`, its `name` called `offer`, `source`, ..."""
    if kind not in GROUPS:
        raise AssertionError("figures are broken down by names that are known")
    members: list[Any] = [(kind if one.name == "name" else one.name, one.type) for one in fields(Group)]
    return _dataclass(f"{kind.capitalize()}Group", members, Group)


def _compact(node: Any) -> Any:
    """Write `anyOf` a type and null as `type: [..., null]`."""
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
