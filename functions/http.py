"""HTTP answers: JSON, and problems (RFC 9457) that quote nothing of the request."""

import functools
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import is_dataclass
from http import HTTPStatus
from typing import Any

import azure.functions as func

from shared.contract.errors import InvalidRequest, RequestTooLarge
from shared.contract.responses import Problem, ProblemPart
from shared.leads.commands import IllegalTransition, InvalidFollowUp, InvalidInteraction, InvalidUpdate
from shared.leads.json_form import ABSENT
from shared.marketplace.parse import InvalidPush, PushTooLarge
from shared.mistakes import Mistake, Place
from shared.scoring.replay import NothingToReplay
from shared.services.errors import (
    BusUnavailable,
    LeadChanged,
    LeadNotFound,
    LeadUnreadable,
    NotConfigured,
    PersonNotFound,
    StoreUnavailable,
)
from shared.services.queries import TooManyLeads
from shared.typed_json import to_json, to_plain

RETRY_AFTER = {"Retry-After": "30"}  # seconds

type Trigger = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]


def answer(value: Any, status: HTTPStatus = HTTPStatus.OK) -> func.HttpResponse:
    """A JSON answer made from a dataclass or from JSON's own values."""
    plain = to_plain(value) if is_dataclass(value) else value
    body = json.dumps(plain, ensure_ascii=False)
    return func.HttpResponse(body, status_code=status, mimetype="application/json")


def problem(
    status: HTTPStatus,
    detail: str,
    headers: dict[str, str] | None = None,
    mistakes: Sequence[Mistake] = (),
) -> func.HttpResponse:
    """A problem (RFC 9457): what is wrong and where, quoting nothing of the request."""
    parts = tuple(ProblemPart(detail=mistake.rule, pointer=pointer(mistake.place)) for mistake in mistakes)
    body = Problem(
        type="about:blank", title=status.phrase, status=status, detail=detail, errors=parts or ABSENT
    )
    return func.HttpResponse(
        to_json(body), status_code=status, headers=headers, mimetype="application/problem+json"
    )


def pointer(place: Place) -> str:
    """A place as a JSON pointer (RFC 6901), such as `/facts/a~1b`; empty for the whole body."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in place)


# The failures that a caller may expect, subclasses before their bases: the status, and a text for the caller
# where the error's own is meant for our log.
_EXPECTED: tuple[tuple[type[Exception], HTTPStatus, str | None], ...] = (
    (PushTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, None),
    (RequestTooLarge, HTTPStatus.REQUEST_ENTITY_TOO_LARGE, None),
    (InvalidPush, HTTPStatus.BAD_REQUEST, None),
    (InvalidRequest, HTTPStatus.BAD_REQUEST, None),
    (InvalidFollowUp, HTTPStatus.BAD_REQUEST, None),
    (InvalidInteraction, HTTPStatus.BAD_REQUEST, None),
    (InvalidUpdate, HTTPStatus.BAD_REQUEST, None),
    (TooManyLeads, HTTPStatus.BAD_REQUEST, None),
    (NothingToReplay, HTTPStatus.BAD_REQUEST, None),
    (IllegalTransition, HTTPStatus.CONFLICT, None),
    (PersonNotFound, HTTPStatus.NOT_FOUND, "No lead has this address."),
    (LeadNotFound, HTTPStatus.NOT_FOUND, "There is no lead with this id."),
    (
        NotConfigured,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "A setting is missing, wrong or changed: `GET health/details` says which.",
    ),
    (StoreUnavailable, HTTPStatus.SERVICE_UNAVAILABLE, "The store can't be reached now. Try again."),
    (
        LeadUnreadable,
        HTTPStatus.SERVICE_UNAVAILABLE,
        "This version can't read the lead, and keeps it as it is for the version that wrote it.",
    ),
    (LeadChanged, HTTPStatus.SERVICE_UNAVAILABLE, "The store can't be reached now. Try again."),
    (BusUnavailable, HTTPStatus.SERVICE_UNAVAILABLE, "The bus can't be reached now. Try again."),
)


def answering_problems(trigger: Trigger) -> Trigger:
    """Answer expected failures with a problem; the platform answers any other exception with 500."""

    @functools.wraps(trigger)
    async def answered(req: func.HttpRequest) -> func.HttpResponse:
        try:
            return await trigger(req)
        except tuple(type_ for type_, *_ in _EXPECTED) as exc:
            return _problem_of(exc)

    return answered


def _problem_of(exc: Exception) -> func.HttpResponse:
    status, detail = next((status, detail) for type_, status, detail in _EXPECTED if isinstance(exc, type_))
    headers = RETRY_AFTER if status is HTTPStatus.SERVICE_UNAVAILABLE else None
    mistakes = getattr(exc, "mistakes", ()) if status is HTTPStatus.BAD_REQUEST else ()
    return problem(status, detail or str(exc), headers, mistakes)
