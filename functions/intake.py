"""Partner Center pushes a lead."""

from http import HTTPStatus

import azure.functions as func

from functions.http import answer, answering_problems
from shared.bootstrap import context, utc_now
from shared.contract.responses import PushReceipt
from shared.marketplace.parse import parse_push
from shared.services.receive import Intake
from shared.services.spill import receive_or_spill

blueprint = func.Blueprint()


@blueprint.function_name("receive_lead")
@blueprint.route(
    route="marketplace/leads/{offer?}", methods=["GET", "POST"], auth_level=func.AuthLevel.FUNCTION
)
@answering_problems
async def receive_lead(req: func.HttpRequest) -> func.HttpResponse:
    """Answer 202 once the lead is stored, 400 or 413 if the body isn't a lead, 503 if it can't be stored.

    While the table is unavailable a lead is stored in the queue `spill`, and the result is `queued`. Likewise
    while there is no usable id key; then `leadId` is null.

    GET answers 200, stores and shows nothing: it lets a publisher check the URL in a browser.
    """
    if req.method == "GET":
        return func.HttpResponse(status_code=HTTPStatus.OK)
    push = parse_push(req.get_body())
    intake = Intake(push, utc_now(), req.route_params.get("offer"))
    receipt = await receive_or_spill(await context(), intake)
    return answer(PushReceipt(lead_id=receipt.lead_id, result=receipt.result), HTTPStatus.ACCEPTED)
