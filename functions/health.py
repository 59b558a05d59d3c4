"""Probes: is the app alive, and is it ready."""

from http import HTTPStatus

import azure.functions as func

from functions.http import answer, answering_problems
from shared.bootstrap import context, utc_now
from shared.contract.responses import Liveness, readiness_body
from shared.services.health import readiness

blueprint = func.Blueprint()


@blueprint.function_name("health_live")
@blueprint.route(route="health/live", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def live(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - a trigger must name its binding
    """Answer 200 while the process serves requests; checks nothing else."""
    return answer(Liveness())


@blueprint.function_name("health_ready")
@blueprint.route(route="health/ready", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answering_problems
async def ready(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - a trigger must name its binding
    """Answer 200 with the age of due work, 503 if work is stale, the store is down or a setting is wrong.

    Runs the clock if its timer has stopped, so a monitor that polls this keeps the desk going. However often
    it is asked, a process looks once in five seconds.
    """
    health = await readiness(context(), utc_now())
    status = HTTPStatus.OK if health.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return answer(readiness_body(health), status)
