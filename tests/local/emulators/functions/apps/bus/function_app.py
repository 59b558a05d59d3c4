"""Service Bus functions, which tell what they see on standard output, a JSON object a line."""  # noqa: INP001 - an app's root is no package

import asyncio
import json
import sys
import time

import azure.functions as func

app = func.FunctionApp()


def tell(**what: object) -> None:
    sys.stdout.write(json.dumps(what, default=str) + "\n")  # one write: a thread may tell something, too
    sys.stdout.flush()


@app.service_bus_queue_trigger(arg_name="message", queue_name="%QUEUE%", connection="BUS")
async def work(message: func.ServiceBusMessage) -> None:
    """Does what the message's property `do` says: nothing, `fail`, or `sleep` for `seconds`."""
    properties = message.application_properties
    tell(
        event="began",
        id=message.message_id,
        at=time.time(),
        body=message.get_body().decode("latin-1"),
        delivery_count=message.delivery_count,
        properties=properties,
        content_type=message.content_type,
        correlation_id=message.correlation_id,
        subject=message.subject,
        enqueued=message.enqueued_time_utc,
        sequence_number=message.sequence_number,
    )
    if properties.get("do") == "fail":
        raise RuntimeError("told to fail")
    if properties.get("do") == "sleep":
        await asyncio.sleep(float(properties["seconds"]))
    tell(event="ended", id=message.message_id)


@app.service_bus_topic_trigger(
    arg_name="message",
    topic_name="topic",
    subscription_name="all",
    connection="BUS",
    data_type=func.DataType.BINARY,
)
def subscriber(message: func.ServiceBusMessage) -> None:
    """A sync function, which gets its body as bytes."""
    tell(event="subscriber", id=message.message_id, body=message.get_body().decode("latin-1"))
