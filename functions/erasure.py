"""A person asks for the erasure of their data."""

import azure.functions as func

from functions.http import answer, answering_problems
from shared.bootstrap import context, utc_now
from shared.contract.requests import erasure_of
from shared.contract.responses import ErasureReceipt
from shared.services.erase import erase_lead, erase_person

blueprint = func.Blueprint()


@blueprint.function_name("erase")
@blueprint.route(route="erasure", methods=["POST"], auth_level=func.AuthLevel.ADMIN)
@answering_problems
async def erase(req: func.HttpRequest) -> func.HttpResponse:
    """Erase a person by address, or one lead by its id, and answer a receipt without personal data.

    Leads, history, assignments, unread messages in our own queues and dead letters are deleted; subscribers
    get `lead.erased`. An unknown address gets the same receipt, with zero counts. After a 503 call again: a
    second call finishes what the first left undone, and then finds nothing.
    """
    app, now = await context(), utc_now()
    email, lead_id = erasure_of(req.get_body())
    if lead_id is None:
        removed = await erase_person(app, email or "", now=now)
    else:
        removed = await erase_lead(app, lead_id, now=now)
    return answer(
        ErasureReceipt(
            receipt_id=app.new_id(),
            leads=removed.leads,
            events=removed.events,
            rows=removed.rows,
            messages=removed.messages,
            erased_at=now,
        )
    )
