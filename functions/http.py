"""HTTP answers: JSON, and problems (RFC 9457) that echo nothing of the caller."""

import functools
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import azure.functions as func
from msgspec import to_builtins

from functions.replies import Problem
from shared.leads.commands import IllegalTransition, InvalidFollowUp, InvalidInteraction, InvalidUpdate
from shared.marketplace.parse import InvalidPush, PushTooLarge
from shared.policy.load import InvalidPolicy
from shared.scoring.replay import NothingToReplay
from shared.services.errors import BusUnavailable, LeadChanged, LeadNotFound, PersonNotFound, StoreUnavailable
from shared.services.queries import TooManyLeads
from shared.settings import InvalidSettings

RETRY_AFTER = {"Retry-After": "30"}  # seconds

type Trigger = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]


class InvalidRequest(ValueError):
    """The caller's request is wrong. The text says what and where, and quotes nothing."""


class RequestTooLarge(InvalidRequest):
    """The caller's body is larger than we take."""


def answer(value: Any, status: HTTPStatus = HTTPStatus.OK) -> func.HttpResponse:
    """A JSON answer: what JSON knows, and structs."""
    body = json.dumps(value, ensure_ascii=False, default=to_builtins)
    return func.HttpResponse(body, status_code=status, mimetype="application/json")


def problem(status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> func.HttpResponse:
    """A problem: what is wrong and where, in words of ours."""
    body = json.dumps(to_builtins(Problem(title=status.phrase, status=status, detail=detail)))
    return func.HttpResponse(body, status_code=status, headers=headers, mimetype="application/problem+json")


# What a caller may expect, the particular before the general: the status, and our words where the error's own
# are for us.
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
    (InvalidSettings, HTTPStatus.SERVICE_UNAVAILABLE, None),
    (InvalidPolicy, HTTPStatus.SERVICE_UNAVAILABLE, None),
    (StoreUnavailable, HTTPStatus.SERVICE_UNAVAILABLE, "The store can't be reached now. Try again."),
    (LeadChanged, HTTPStatus.SERVICE_UNAVAILABLE, "The store can't be reached now. Try again."),
    (BusUnavailable, HTTPStatus.SERVICE_UNAVAILABLE, "The bus can't be reached now. Try again."),
)


def answering_problems(trigger: Trigger) -> Trigger:
    """Turn the failures that a caller may expect into problems; anything else is the platform's (500)."""

    @functools.wraps(trigger)
    async def answered(req: func.HttpRequest) -> func.HttpResponse:
        try:
            return await trigger(req)
        except tuple(type_ for type_, *_ in _EXPECTED) as exc:
            return _problem_of(exc)

    return answered


def _problem_of(exc: Exception) -> func.HttpResponse:
    status, words = next((status, words) for type_, status, words in _EXPECTED if isinstance(exc, type_))
    headers = RETRY_AFTER if status is HTTPStatus.SERVICE_UNAVAILABLE else None
    return problem(status, words or str(exc), headers)
