"""The clock: a timer that flags missed follow-ups and does all other work that is due."""

import azure.functions as func

from shared.bootstrap import context, utc_now
from shared.services.run_due import run_due

blueprint = func.Blueprint()


@blueprint.function_name("clock")
@blueprint.timer_trigger(arg_name="timer", schedule="%LEADS_CLOCK_SCHEDULE%", run_on_startup=False)
async def tick(timer: func.TimerRequest) -> None:  # noqa: ARG001 - a trigger must name its binding
    """Do what is due. A late tick does more, a second one finds it done, the next retries what failed."""
    await run_due(await context(), utc_now(), utc_now)
