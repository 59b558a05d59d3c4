"""Figures about the leads of a period."""

import azure.functions as func

from functions.http import answer, answering_problems
from shared.bootstrap import context, utc_now
from shared.contract.queries import StatsQuery, read_query
from shared.contract.responses import stats_body
from shared.services.queries import lead_stats

blueprint = func.Blueprint()


@blueprint.function_name("get_stats")
@blueprint.route(route="stats", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def stats(req: func.HttpRequest) -> func.HttpResponse:
    """Answer funnel, speed to lead and missed follow-ups of the leads received from `from` to before `to`."""
    begin, end = read_query(StatsQuery, req.params).to_range(utc_now())
    figures, incomplete = await lead_stats(await context(), begin, end)
    return answer(stats_body(figures, begin, end, incomplete))
