"""Is the app alive, and is it ready."""

from http import HTTPStatus

import azure.functions as func

from functions.http import answer, answering_problems
from functions.replies import ClockRun, ImportPass, ImportRun, Liveness, Readiness, Rescoring
from shared.bootstrap import context, utc_now
from shared.services.health import Health, ImportHealth, check_health

blueprint = func.Blueprint()


@blueprint.function_name("health_live")
@blueprint.route(route="health/live", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def live(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - a trigger must name its binding
    """Answer 200: the process serves. Looks at nothing else."""
    return answer(Liveness())


@blueprint.function_name("health_ready")
@blueprint.route(route="health/ready", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
@answering_problems
async def ready(req: func.HttpRequest) -> func.HttpResponse:  # noqa: ARG001 - a trigger must name its binding
    """Answer 200 with ages, 503 when work is stale, the store is away or a setting is wrong.

    Runs the clock if its timer has stopped, so whoever polls this keeps the desk going.
    """
    health = await check_health(context(), utc_now())
    status = HTTPStatus.OK if health.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
    return answer(_on_the_wire(health), status)


def _on_the_wire(health: Health) -> Readiness:
    return Readiness(
        status="ready" if health.is_ready else "stale",
        clock=ClockRun(last_run_at=health.last_clock_run),
        oldest_due_seconds={kind: round(age.total_seconds(), 3) for kind, age in health.oldest_due.items()},
        parked=health.parked,
        dead_lettered=health.dead_lettered,
        rescoring=Rescoring(left=health.to_rescore),
        import_=_import(health.lead_import) if health.lead_import else None,
    )


def _import(one: ImportHealth) -> ImportRun:
    under_way = one.under_way
    return ImportRun(
        taken=one.taken,
        refused=one.refused,
        last_pass_at=one.last_pass_at,
        under_way=ImportPass(began_at=under_way.began_at, rows=under_way.rows) if under_way else None,
    )
