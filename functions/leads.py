"""Reading leads, and reporting what was done about them."""

import azure.functions as func

from functions.answers import answer, answering_problems
from functions.requests import cursor_of, follow_up_report, lead_filter, lead_id_of, limit_of, number_of
from shared.bootstrap import desk, utc_now
from shared.leads.wire import event_on_the_wire, lead_on_the_wire
from shared.services.follow_up import report_follow_up
from shared.services.read import get_lead, list_events, list_leads

blueprint = func.Blueprint()


@blueprint.function_name("list_leads")
@blueprint.route(route="leads", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def leads(req: func.HttpRequest) -> func.HttpResponse:
    """Answer a page of open leads, whom to call first first."""
    which = lead_filter(req.params, utc_now())
    found, cursor = await list_leads(desk(), which, limit=limit_of(req.params), after=cursor_of(req.params))
    return answer({"items": [lead_on_the_wire(lead) for lead in found], "cursor": cursor})


@blueprint.function_name("get_lead")
@blueprint.route(route="leads/{id}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def lead(req: func.HttpRequest) -> func.HttpResponse:
    """Answer the lead with its ledger, 404 if there is none."""
    return answer(lead_on_the_wire(await get_lead(desk(), lead_id_of(req.route_params))))


@blueprint.function_name("list_lead_events")
@blueprint.route(route="leads/{id}/events", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def lead_events(req: func.HttpRequest) -> func.HttpResponse:
    """Answer a page of the lead's history, 404 if there is no such lead."""
    events, following = await list_events(desk(), lead_id_of(req.route_params), first=number_of(req.params))
    cursor = None if following is None else str(following)
    return answer({"items": [event_on_the_wire(event) for event in events], "cursor": cursor})


@blueprint.function_name("report_follow_up")
@blueprint.route(route="leads/{id}/follow-ups", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def lead_follow_ups(req: func.HttpRequest) -> func.HttpResponse:
    """Stop the lead's clock and answer the lead; a second report with the same `id` does nothing."""
    now = utc_now()
    report = follow_up_report(req.get_body(), now)
    followed_up = await report_follow_up(desk(), lead_id_of(req.route_params), report, at=now)
    return answer(lead_on_the_wire(followed_up))
