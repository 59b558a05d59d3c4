"""JSON Schema (2020-12) of what callers send and get, generated from the types.

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

from shared.contract.responses import GROUPS, HIDDEN, Missing
from shared.leads.events import PAYLOADS, Event, EventType
from shared.leads.json_form import OmitsDefaults, camel
from shared.leads.stats import Group, Stats
from shared.typed_json import Unknown, adapter

REF = "#/components/schemas/{name}"

type Schema = dict[str, Any]
type Schemas = dict[str, Schema]


class _Sent(GenerateJsonSchema):
    """Titles for types only, not for fields; neither defaults nor the mark of an absent member."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002
        """Never: the field's name is enough."""
        return False

    def is_instance_schema(self, schema: IsInstanceSchema) -> JsonSchemaValue:  # noqa: ARG002
        """`Absent` is never JSON."""
        raise PydanticOmit

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        """Leave the default out: the description says what absence means."""
        return self.generate_inner(schema["schema"])


class _Answered(_Sent):
    """Every member is required, except defaults that the type leaves out (`OmitsDefaults`)."""

    def dataclass_schema(self, schema: DataclassSchema) -> JsonSchemaValue:
        """Require the members that the type always writes."""
        described = super().dataclass_schema(schema)
        if issubclass(schema["cls"], OmitsDefaults):
            always = {camel(member.name) for member in fields(schema["cls"]) if _has_no_default(member)}
            described["required"] = [name for name in described["properties"] if name in always]
        return described


class _Asked(_Sent):
    """A query parameter shows its default."""

    def default_schema(self, schema: WithDefaultSchema) -> JsonSchemaValue:
        """With the default, as pydantic writes it."""
        return GenerateJsonSchema.default_schema(self, schema)


def body_schemas(types: Iterable[Any], ref: str = REF, *, unknown: Unknown = "forbid") -> Schemas:
    """Schemas of what callers send, by name; `unknown` says whether other members are ignored or mistakes."""
    return _schemas(types, "validation", ref, _Sent, unknown)


def answer_schemas(types: Iterable[Any], ref: str = REF) -> Schemas:
    """Schemas of what callers get, by name, without the desk's bookkeeping; more members are allowed."""
    schemas = _schemas(types, "serialization", ref, _Answered)
    return {**schemas, "Lead": _public(schemas["Lead"])} if "Lead" in schemas else schemas


def event_schemas(ref: str = REF) -> Schemas:
    """A schema for each type of event and for its data, and `Event` for any of them."""
    schemas = answer_schemas((EVENT, *PAYLOADS.values()), ref)
    event = {**schemas["Event"], "properties": {**schemas["Event"]["properties"]}}
    for type_ in PAYLOADS:
        schemas[event_name(type_)] = _of_type(type_, event, ref)
    return {**schemas, "Event": _any_event(event, ref)}


def event_name(type_: EventType) -> str:
    """The name of the schema of an event type, such as `ScoredEvent`."""
    return "".join(word.capitalize() for word in type_.name.split("_")) + "Event"


def query_parameters(type_: type) -> list[Schema]:
    """The parameters of a query as OpenAPI lists them, from the type that reads them."""
    described = adapter(type_).json_schema(mode="validation", schema_generator=_Asked)
    return [
        _parameter(name, schema, described.get("$defs", {}))
        for name, schema in described["properties"].items()
    ]


def _parameter(name: str, schema: Schema, named: Schemas) -> Schema:
    """One parameter, without null: a parameter that isn't sent is absent."""
    value = {key: part for key, part in schema.items() if key not in ("description", "default", "anyOf")}
    description, default = schema.get("description", ""), schema.get("default")
    for option in schema.get("anyOf", ()):
        if option.get("type") != "null":
            resolved = named[option["$ref"].rpartition("/")[2]] if "$ref" in option else option
            value |= {key: part for key, part in resolved.items() if key not in ("title", "description")}
            description = option.get("description", description)
    if default is not None:
        value["default"] = default
    return {"name": name, "in": "query", "description": description, "schema": value, "allowEmptyValue": True}


def stats_type() -> type:
    """The type of `stats_body`: `Stats` with its period; the name of a group is `offer`, `source`, ..."""
    members: list[Any] = [("from_", datetime), ("to", datetime), ("incomplete", Missing | None)]
    for member in fields(Stats):
        _, by, kind = member.name.partition("by_")
        members.append((member.name, GenericAlias(tuple, (_group(kind), ...)) if by else member.type))
    return _dataclass("StatsAnswer", members, Stats)


def reachable(document: Any, schemas: Schemas, ref: str = REF) -> Schemas:
    """The schemas that a document refers to, directly or through others."""
    found: Schemas = {}
    pending = [*_references(document, ref)]
    while pending:
        name = pending.pop()
        if name not in found:
            found[name] = schemas[name]
            pending += _references(schemas[name], ref)
    return dict(sorted(found.items()))


def reference(name: str, ref: str = REF) -> Schema:
    """A reference to a schema."""
    return {"$ref": ref.format(name=name)}


def _dataclass(name: str, members: list[Any], model: type) -> type:
    """A dataclass with the docstring of another one."""
    return make_dataclass(name, members, namespace={"__doc__": model.__doc__}, kw_only=True)


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
    of_all = adapter(GenericAlias(tuple, tuple(types)), unknown=unknown)
    template = ref.format(name="{model}")
    described = of_all.json_schema(mode=mode, ref_template=template, schema_generator=generator)
    return cast(Schemas, _compact(described["$defs"]))


def _has_no_default(member: Any) -> bool:
    return member.default is MISSING and member.default_factory is MISSING


def _public(lead: Schema) -> Schema:
    members = {name: schema for name, schema in lead["properties"].items() if name not in HIDDEN}
    return {**lead, "properties": members, "required": [name for name in lead["required"] if name in members]}


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
            "mapping": {type_: schema["$ref"] for type_, schema in by_type.items()},
        },
    }


def _group(kind: str) -> type:
    """`Group` with its `name` renamed to `offer`, `source`, `owner` or `grade`."""
    if kind not in GROUPS:
        raise AssertionError(f"there is no group by {kind}")
    members: list[Any] = [
        (kind if member.name == "name" else member.name, member.type) for member in fields(Group)
    ]
    return _dataclass(f"{kind.capitalize()}Group", members, Group)


def _compact(node: Any) -> Any:
    """Write `anyOf` of a type and null as `type: [..., null]`."""
    if isinstance(node, list | tuple):
        return [_compact(part) for part in node]
    if not isinstance(node, dict):
        return node
    node = {name: _compact(value) for name, value in node.items()}
    match node:
        case {"anyOf": [{"type": str() as type_} as option, {"type": "null"}]} if "enum" not in option:
            others = {name: value for name, value in node.items() if name != "anyOf"}
            return {**others, **option, "type": [type_, "null"]}
    return node


def _references(document: Any, ref: str) -> Iterator[str]:
    """The names of the schemas that a document refers to directly."""
    prefix = ref.format(name="")
    if isinstance(document, dict):
        if "$ref" in document:
            yield document["$ref"].removeprefix(prefix)
        document = list(document.values())
    if isinstance(document, list | tuple):
        for part in document:
            yield from _references(part, ref)
