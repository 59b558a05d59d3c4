"""What CRMs report back on the queue `activity`: whom it is about, and the fields of the HTTP routes."""

from msgspec import Struct

from functions.activity_body import ActivityHead, ActivityType, ToldFactsBody, ToldInteractionBody
from functions.bodies import FollowUpBody, UpdateBody
from functions.contract.json_schema import Schema, Schemas
from functions.contract.schemas import body_schemas

REPORTS: dict[ActivityType, type[Struct]] = {
    ActivityType.FOLLOW_UP: FollowUpBody,
    ActivityType.INTERACTION: ToldInteractionBody,
    ActivityType.STATUS: UpdateBody,
    ActivityType.FACTS: ToldFactsBody,
}


def activity_name(type_: str) -> str:
    """What the schema of a type of report is called."""
    return "".join(word.capitalize() for word in type_.split("_")) + "Activity"


def activity_schemas() -> Schemas:
    """One schema for each type of report: what all say, and what this type says."""
    schemas = body_schemas((ActivityHead, *REPORTS.values()))
    head = schemas[ActivityHead.__name__]
    return {activity_name(of): _report(of, head, schemas[body.__name__]) for of, body in REPORTS.items()}


def _report(type_: ActivityType, head: Schema, body: Schema) -> Schema:
    """About a lead or a person, one of the two."""
    about = [{"required": ["leadId"]}, {"required": ["email"]}]
    members = {**head["properties"], **body["properties"], "type": {"const": type_.value}}
    required = ["type", *body["required"]]
    said = {"title": f"Report: {type_}", "properties": members, "required": required, "oneOf": about}
    return {**body, **said}
