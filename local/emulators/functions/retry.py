"""`@retry`: the host runs a failed function again and tells it which attempt it is.

The platform offers it for timers (and triggers this host doesn't have); Service Bus messages are
retried by redelivery, HTTP callers retry themselves.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from local.emulators.functions.protos import RpcRetryOptions
from local.emulators.functions.worker import Attempt, Outcome

_FOR_EVER = -1


async def run_with_retries(
    run: Callable[[Attempt], Awaitable[Outcome]],
    options: RpcRetryOptions | None,
    wait: Callable[[timedelta], Awaitable[bool]],
) -> Outcome:
    """Run until an attempt succeeds or the last one allowed has failed; returns the last outcome.

    Args:
        run: one attempt; the first has retry count 0.
        options: None means a single attempt.
        wait: waits that long; returns False, to end the retries, when the host is stopping.
    """
    limit = options.max_retry_count if options else 0
    outcome = await run(Attempt(0, limit))
    retry_count = 0
    while options and outcome.exception and (limit == _FOR_EVER or retry_count < limit):
        retry_count += 1
        if not await wait(delay_before(retry_count, options)):
            break
        outcome = await run(Attempt(retry_count, limit, outcome.exception))
    return outcome


def delay_before(retry_count: int, options: RpcRetryOptions) -> timedelta:
    """The wait before a retry, the first of which is 1.

    The exponential strategy doubles from the minimum to the maximum, without the platform's jitter, so
    that the times are predictable.
    """
    if options.delay_interval is not None:
        return options.delay_interval
    shortest = (options.minimum_interval or timedelta(0)).total_seconds()
    longest = (options.maximum_interval or timedelta.max).total_seconds()
    doublings = min(retry_count - 1, 64)  # by then any interval has reached its maximum
    return timedelta(seconds=min(shortest * 2.0**doublings, longest))
