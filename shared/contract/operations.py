"""What the OpenAPI document adds to each route's binding and docstring: one entry for each method."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from shared.contract.health import HealthDetails, Liveness, Readiness
from shared.contract.push_body import push_body
from shared.contract.queries import EventsQuery, LeadsQuery, StatsQuery
from shared.contract.requests import (
    ErasureBody,
    FollowUpBody,
    InteractionBody,
    InteractionOfBody,
    PreviewBody,
    UpdateBody,
)
from shared.contract.responses import (
    Appraisal,
    ErasureReceipt,
    LeadIds,
    LeadPage,
    PushReceipt,
)
from shared.contract.schemas import EVENT_PAGE, Schema, stats_type
from shared.leads.identity import LEAD_ID
from shared.leads.lead import Lead


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Operation:
    """A route's method. Path and key come from the binding, the description from the trigger's docstring."""

    name: str = ""  # instead of the function's name, where a function has several methods
    query: type | None = None
    body: Any = None  # a dataclass, or a schema
    answer: Any = None  # a dataclass, or a schema; None: an empty answer
    status: HTTPStatus = HTTPStatus.OK
    problems: tuple[int, ...] = ()  # statuses answered with a problem; 401 is added by the key
    also: int | None = None  # a status that may carry the same answer instead of a problem


OPERATIONS: dict[str, Operation] = {
    "GET marketplace/leads/{offer?}": Operation(name="try_push_url"),
    "POST marketplace/leads/{offer?}": Operation(
        body=push_body(), answer=PushReceipt, status=HTTPStatus.ACCEPTED, problems=(400, 413, 503)
    ),
    "GET leads": Operation(query=LeadsQuery, answer=LeadPage, problems=(400, 503)),
    "GET leads/{id}": Operation(answer=Lead, problems=(404, 503)),
    "PATCH leads/{id}": Operation(body=UpdateBody, answer=Lead, problems=(400, 404, 409, 413, 503)),
    "GET leads/{id}/events": Operation(query=EventsQuery, answer=EVENT_PAGE, problems=(400, 404, 503)),
    "POST leads/{id}/follow-ups": Operation(body=FollowUpBody, answer=Lead, problems=(400, 404, 413, 503)),
    "POST leads/{id}/interactions": Operation(
        body=InteractionBody, answer=Lead, problems=(400, 404, 413, 503)
    ),
    "POST interactions": Operation(body=InteractionOfBody, answer=LeadIds, problems=(400, 404, 413, 503)),
    "POST scoring/preview": Operation(body=PreviewBody, answer=Appraisal, problems=(400, 404, 413, 503)),
    "POST erasure": Operation(body=ErasureBody, answer=ErasureReceipt, problems=(400, 413, 503)),
    "GET stats": Operation(query=StatsQuery, answer=stats_type(), problems=(400, 503)),
    "GET health/live": Operation(answer=Liveness),
    "GET health/ready": Operation(answer=Readiness, problems=(503,), also=503),
    "GET health/details": Operation(answer=HealthDetails),
    "GET openapi.json": Operation(answer={"type": "object", "description": "This document."}),
}

PATH_PARAMETERS: dict[str, Schema] = {
    "id": {"schema": {"type": "string", "pattern": f"^{LEAD_ID.pattern}$"}, "description": "The lead's id."},
    "offer": {
        "schema": {"type": "string"},
        "description": "The offer, for Partner Center's configuration of one URL for each offer.",
    },
}
