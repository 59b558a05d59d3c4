"""Preview a score."""

import asyncio

import azure.functions as func

from functions.http import answer, answering_problems
from shared.bootstrap import context, utc_now
from shared.contract.requests import preview_of
from shared.contract.responses import Appraisal
from shared.services.queries import preview

blueprint = func.Blueprint()


@blueprint.function_name("preview_score")
@blueprint.route(route="scoring/preview", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answering_problems
async def preview_score(req: func.HttpRequest) -> func.HttpResponse:
    """Answer facts and score, with the ledger, of a made-up push or a stored lead; store nothing."""
    now = utc_now()
    asked = await asyncio.to_thread(preview_of, req.get_body(), now)  # a large policy takes a while
    enrichment, score = await preview(await context(), asked, now)
    return answer(Appraisal(enrichment=enrichment, score=score))
