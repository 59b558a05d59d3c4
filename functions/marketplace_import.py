"""Import the leads that Partner Center writes into the publisher's table."""

import azure.functions as func

from shared.bootstrap import context, utc_now
from shared.services.import_leads import import_leads

blueprint = func.Blueprint()


@blueprint.function_name("take_over_leads")
@blueprint.timer_trigger(arg_name="timer", schedule="%LEADS_CLOCK_SCHEDULE%", run_on_startup=False)
async def take_over_leads(timer: func.TimerRequest) -> None:  # noqa: ARG001 - a trigger must name its binding
    """Continue the import for at most 40 seconds; do nothing if no import is configured.

    It has a timer of its own: the first import, of years of leads, must not delay an alarm.
    """
    await import_leads(await context(), utc_now)
