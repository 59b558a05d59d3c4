"""HTTP answers: JSON, and problems (RFC 9457) that echo nothing of the caller."""

import functools
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import azure.functions as func

from shared.leads.attention import InvalidFollowUp
from shared.leads.interaction import InvalidInteraction
from shared.leads.replay import NothingToReplay
from shared.marketplace.parse import InvalidPush, PushTooLarge
from shared.policy.load import InvalidPolicy
from shared.services.ports import LeadChanged, LeadNotFound, StoreUnavailable
from shared.settings import InvalidSettings

RETRY_AFTER = {"Retry-After": "30"}  # seconds

type Trigger = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]


class InvalidRequest(ValueError):
    """The caller's request is wrong. The text says what and where, and quotes nothing."""


class RequestTooLarge(InvalidRequest):
    """The caller's body is larger than we take."""


def answer(value: Any, status: HTTPStatus = HTTPStatus.OK) -> func.HttpResponse:
    """A JSON answer."""
    body = json.dumps(value, ensure_ascii=False)
    return func.HttpResponse(body, status_code=status, mimetype="application/json")


def problem(status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> func.HttpResponse:
    """A problem: what is wrong and where, in words of ours."""
    body = json.dumps({"type": "about:blank", "title": status.phrase, "status": status, "detail": detail})
    return func.HttpResponse(body, status_code=status, headers=headers, mimetype="application/problem+json")


def answering_problems(trigger: Trigger) -> Trigger:
    """Turn the failures that a caller may expect into problems; anything else is the platform's (500)."""

    @functools.wraps(trigger)
    async def answered(req: func.HttpRequest) -> func.HttpResponse:
        try:
            return await trigger(req)
        except (PushTooLarge, RequestTooLarge) as exc:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, str(exc))
        except (InvalidPush, InvalidRequest, InvalidFollowUp, InvalidInteraction, NothingToReplay) as exc:
            return problem(HTTPStatus.BAD_REQUEST, str(exc))
        except LeadNotFound:
            return problem(HTTPStatus.NOT_FOUND, "There is no lead with this id.")
        except (InvalidSettings, InvalidPolicy) as exc:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, str(exc), RETRY_AFTER)
        except (StoreUnavailable, LeadChanged):
            return problem(
                HTTPStatus.SERVICE_UNAVAILABLE, "The store can't be reached now. Try again.", RETRY_AFTER
            )

    return answered
