"""What CRMs report back on the queue `activity`: the bodies of the HTTP routes, with whom they are about."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from functions.bodies import FACTS_TAKEN, FollowUpBody, Instant, LeadId, LongText, ShortText, Type, UpdateBody
from functions.contract.json_schema import Schema, Schemas
from functions.contract.schemas import body_schemas

# Until the code that reads the queue has structs of its own, these stand for them.


class ActivityHead(Struct, kw_only=True, rename="camel"):
    """What every message says, whatever its type."""

    type: str
    id: ShortText | None = None
    lead_id: LeadId | None = None
    email: ShortText | None = None
    at: Instant | None = None


class ToldInteractionBody(Struct, kw_only=True):
    """What the customer did: `type` says that it is an interaction, so its own type goes by another name."""

    interaction: Type
    detail: LongText | dict[str, Any] | None = None


class ToldFactsBody(Struct, kw_only=True):
    """What the CRM knows, by name."""

    facts: Annotated[dict[str, Any], Meta(min_length=1, max_length=FACTS_TAKEN)]
    by: ShortText | None = None


HEAD: type[Struct] = ActivityHead
REPORTS: dict[str, type[Struct]] = {
    "follow_up": FollowUpBody,
    "interaction": ToldInteractionBody,
    "status": UpdateBody,
    "facts": ToldFactsBody,
}


def activity_name(type_: str) -> str:
    """What the schema of a type of report is called."""
    return "".join(word.capitalize() for word in type_.split("_")) + "Activity"


def activity_schemas() -> Schemas:
    """One schema for each type of report: what all say, and what this type says."""
    schemas = body_schemas((HEAD, *REPORTS.values()))
    head = schemas[HEAD.__name__]
    return {
        activity_name(type_): _report(type_, head, schemas[one.__name__]) for type_, one in REPORTS.items()
    }


def _report(type_: str, head: Schema, body: Schema) -> Schema:
    about = [{"required": ["leadId"]}, {"required": ["email"]}]  # a lead, or a person
    members = {**head["properties"], **body["properties"], "type": {"const": type_}}
    required = ["type", *body["required"]]
    return {**body, "title": f"Report: {type_}", "properties": members, "required": required, "oneOf": about}
