"""Timers that tell what they see on standard output, a JSON object a line."""  # noqa: INP001 - an app's root

import json
import sys

import azure.functions as func

app = func.FunctionApp()


def tell(**what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")  # one write: a thread may tell something, too
    sys.stdout.flush()


@app.timer_trigger(arg_name="timer", schedule="%SCHEDULE%")
async def tick(timer: func.TimerRequest) -> None:
    """Tells whether it is late, and since when."""
    tell(event="tick", past_due=timer.past_due, status=timer.schedule_status)


@app.timer_trigger(arg_name="timer", schedule="0 0 0 1 1 *", run_on_startup=True)
@app.retry(strategy="fixed_delay", max_retry_count="2", delay_interval="00:00:00")
def stubborn(timer: func.TimerRequest, context: func.Context) -> None:
    """Fails in its first two attempts."""
    retry = context.retry_context
    failure = retry.rpc_exception.message if retry.rpc_exception else None
    tell(event="attempt", count=retry.retry_count, limit=retry.max_retry_count, failure=failure)
    if retry.retry_count < 2:
        raise RuntimeError(f"attempt {retry.retry_count}")
