"""List, read and update leads; report follow-ups and interactions."""

import azure.functions as func

from functions.http import answer, answering_problems
from shared.bootstrap import context, utc_now
from shared.contract.queries import EventsQuery, lead_id_of, leads_query, read_query
from shared.contract.requests import follow_up_report, interaction_of, interaction_report, lead_update
from shared.contract.responses import LeadIds, event_body, lead_body, lead_page
from shared.services.activity import report_interaction_of
from shared.services.commands import report_follow_up, report_interaction, update_lead
from shared.services.queries import get_lead, list_events, list_leads

blueprint = func.Blueprint()


@blueprint.function_name("list_leads")
@blueprint.route(route="leads", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def leads(req: func.HttpRequest) -> func.HttpResponse:
    """Answer a page of open leads, or of leads with a closed status, the highest score first."""
    now = utc_now()
    query = leads_query(req.params)
    criteria = query.to_filter(now)
    page = await list_leads(await context(), criteria, limit=query.limit, after=query.cursor, now=now)
    return answer(lead_page(page))


@blueprint.function_name("get_lead")
@blueprint.route(route="leads/{id}", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def lead(req: func.HttpRequest) -> func.HttpResponse:
    """Answer the lead with the ledger of its score, 404 if there is no such lead."""
    return answer(lead_body(await get_lead(await context(), lead_id_of(req.route_params), utc_now())))


@blueprint.function_name("update_lead")
@blueprint.route(route="leads/{id}", methods=["PATCH"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def patch_lead(req: func.HttpRequest) -> func.HttpResponse:
    """Change status, owner or `doNotContact` and answer the lead; 409 if its status can't become that one."""
    update = lead_update(req.get_body())
    lead = await update_lead(await context(), lead_id_of(req.route_params), update, now=utc_now())
    return answer(lead_body(lead))


@blueprint.function_name("list_lead_events")
@blueprint.route(route="leads/{id}/events", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def lead_events(req: func.HttpRequest) -> func.HttpResponse:
    """Answer a page of the lead's history, 404 if there is no such lead."""
    first = read_query(EventsQuery, req.params).cursor
    events, next_number = await list_events(await context(), lead_id_of(req.route_params), first=first)
    cursor = None if next_number is None else str(next_number)
    return answer({"items": [event_body(event) for event in events], "cursor": cursor})


@blueprint.function_name("report_follow_up")
@blueprint.route(route="leads/{id}/follow-ups", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def lead_follow_ups(req: func.HttpRequest) -> func.HttpResponse:
    """Record a follow-up, which stops the lead's clock, and answer the lead; the same `id` counts once."""
    report = follow_up_report(req.get_body())
    lead = await report_follow_up(await context(), lead_id_of(req.route_params), report, now=utc_now())
    return answer(lead_body(lead))


@blueprint.function_name("report_interaction")
@blueprint.route(route="leads/{id}/interactions", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def lead_interactions(req: func.HttpRequest) -> func.HttpResponse:
    """Record what a customer did and answer the lead, which is then scored again; a repeat does nothing."""
    now = utc_now()
    report = interaction_report(req.get_body(), now)
    lead = await report_interaction(await context(), lead_id_of(req.route_params), report, now=now)
    return answer(lead_body(lead))


@blueprint.function_name("report_interaction_by_email")
@blueprint.route(route="interactions", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def interactions(req: func.HttpRequest) -> func.HttpResponse:
    """Record what a person did on each of their leads, and answer the ids; 404 for an unknown address."""
    now = utc_now()
    email, report = interaction_of(req.get_body(), now)
    leads = await report_interaction_of(await context(), email, report, now=now)
    return answer(LeadIds(lead_ids=tuple(lead.id for lead in leads)))
