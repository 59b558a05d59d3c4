"""Probes: is the app alive, and is it ready."""

from http import HTTPStatus

import azure.functions as func

from functions.http import answer, answering_problems
from shared.bootstrap import context, utc_now
from shared.services.errors import StoreUnavailable
from shared.services.health import readiness

blueprint = func.Blueprint()


@blueprint.function_name("health_live")
@blueprint.route(route="health/live", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def live(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - a trigger must name its binding
    """Answer 200 while the process serves requests; checks nothing else."""
    from shared.contract.health import Liveness  # noqa: PLC0415 - 6 ms that no push needs

    return answer(Liveness())


@blueprint.function_name("health_ready")
@blueprint.route(route="health/ready", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answering_problems
async def ready(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - a trigger must name its binding
    """Answer 200 with the age of due work, 503 if work is stale, the store is down or something is wrong.

    `faults` says what kind of thing is wrong, `health/details` which setting or which part of the policy.

    Runs the clock if its timer has stopped, so a monitor that polls this keeps the desk going. However often
    it is asked, a process looks once in five seconds.
    """
    from shared.contract.health import readiness_body  # noqa: PLC0415 - 6 ms that no push needs

    health = await readiness(await context(), utc_now())
    status = HTTPStatus.OK if health.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return answer(readiness_body(health), status)


@blueprint.function_name("health_details")
@blueprint.route(route="health/details", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def details(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - a trigger must name its binding
    """Answer 200 with every mistake of settings and policy, by name, and with what `health/ready` answers.

    `readiness` is null while the store is down.
    """
    from shared.contract.health import health_details  # noqa: PLC0415 - 6 ms that no push needs

    app = await context()
    try:
        health = await readiness(app, utc_now())
    except StoreUnavailable:
        health = None
    return answer(health_details(app, health))
