"""How leads are doing."""

from datetime import datetime
from typing import Any

import azure.functions as func
from msgspec import to_builtins

from functions.http import answer, answering_problems
from functions.time_range import time_range
from shared.bootstrap import context, utc_now
from shared.leads.stats import Stats
from shared.services.queries import lead_stats

blueprint = func.Blueprint()


@blueprint.function_name("get_stats")
@blueprint.route(route="stats", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def stats(req: func.HttpRequest) -> func.HttpResponse:
    """Answer funnel, speed to lead and what was missed, of the leads received from `from` to before `to`."""
    begin, end = time_range(req.params, utc_now())
    return answer(_on_the_wire(await lead_stats(context(), begin, end), begin, end))


def _on_the_wire(found: Stats, begin: datetime, end: datetime) -> dict[str, Any]:
    """A group's name stands under what it is the name of: `offer`, `source`, `owner`, `grade`."""
    wire: dict[str, Any] = {"from": to_builtins(begin), "to": to_builtins(end), **to_builtins(found)}
    for kind in ("offer", "source", "owner", "grade"):
        groups = wire[f"by{kind.capitalize()}"]
        wire[f"by{kind.capitalize()}"] = [{kind: group.pop("name"), **group} for group in groups]
    return wire
