"""The trigger of a function: its bindings, checked, typed, and with settings resolved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local.emulators.functions.errors import StartError
from local.emulators.functions.keys import AuthLevel
from local.emulators.functions.ncrontab import InvalidSchedule, Schedule
from local.emulators.functions.routes import InvalidRoute, RouteTemplate
from local.emulators.functions.settings import SettingResolver

type Binding = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HttpTrigger:
    """A route; `methods` is empty when every method may call."""

    argument: str
    route: RouteTemplate
    methods: tuple[str, ...]
    auth_level: AuthLevel


@dataclass(frozen=True, slots=True)
class TimerTrigger:
    """A schedule in UTC; with `run_on_startup` the function also runs when the host starts."""

    argument: str
    schedule: Schedule
    run_on_startup: bool


@dataclass(frozen=True, slots=True)
class ServiceBusTrigger:
    """A queue, or a topic with a subscription, behind a connection string.

    Attributes:
        queue: None for a subscription; then `topic` and `subscription` are set.
        binary: the function takes the body as bytes, not as text.
    """

    argument: str
    connection_string: str
    queue: str | None
    topic: str | None
    subscription: str | None
    binary: bool

    @property
    def entity(self) -> str:
        """The entity's path, for the log."""
        return self.queue or f"{self.topic}/Subscriptions/{self.subscription}"


type Trigger = HttpTrigger | TimerTrigger | ServiceBusTrigger


def read_trigger(
    name: str, bindings: Sequence[Binding], route_prefix: str, settings: SettingResolver
) -> Trigger:
    """The one trigger among a function's bindings.

    A missing setting is noted in `settings`; the trigger must not be used then.

    Raises:
        StartError: a trigger or output that this host can't serve, or a value that isn't valid.
    """
    triggers = [binding for binding in bindings if str(binding["type"]).lower().endswith("trigger")]
    if len(triggers) != 1:
        raise StartError(f"function {name} must have one trigger, not {len(triggers)}")
    _refuse_other_bindings(name, bindings, triggers[0])
    trigger = triggers[0]
    match str(trigger["type"]).lower():
        case "httptrigger":
            return _http(name, trigger, route_prefix)
        case "timertrigger":
            return _timer(name, trigger, settings)
        case "servicebustrigger":
            return _service_bus(name, trigger, settings)
        case other:
            raise StartError(f"function {name}: this host can't serve the trigger {other!r}")


def has_route(bindings: Sequence[Binding]) -> bool:
    """Whether HTTP requests start the function."""
    return any(str(binding["type"]).lower() == "httptrigger" for binding in bindings)


def _refuse_other_bindings(name: str, bindings: Sequence[Binding], trigger: Binding) -> None:
    for binding in bindings:
        if binding is not trigger and str(binding["type"]).lower() != "http":
            raise StartError(f"function {name}: this host can't serve the binding {binding['type']!r}")


def _http(name: str, binding: Binding, route_prefix: str) -> HttpTrigger:
    route = str(binding.get("route") or name)
    try:
        template = RouteTemplate.parse(f"{route_prefix}/{route.lstrip('/')}")
        level = AuthLevel(str(binding.get("authLevel") or AuthLevel.FUNCTION).lower())
    except InvalidRoute as exc:
        raise StartError(f"function {name}: {exc}") from exc
    except ValueError as exc:
        raise StartError(f"function {name}: unknown auth level {binding['authLevel']!r}") from exc
    return HttpTrigger(binding["name"], template, tuple(binding.get("methods") or ()), level)


def _timer(name: str, binding: Binding, settings: SettingResolver) -> TimerTrigger:
    text = settings.resolve(str(binding["schedule"]), f"the schedule of {name}")
    return TimerTrigger(binding["name"], _schedule(name, text), _flag(binding.get("runOnStartup")))


def _schedule(name: str, text: str) -> Schedule:
    if "%" in text:  # a missing setting, reported with all others once every trigger has been read
        return Schedule.parse("0 0 0 1 1 *")
    try:
        return Schedule.parse(text)
    except InvalidSchedule as exc:
        raise StartError(f"function {name}: the schedule {text!r} isn't NCRONTAB: {exc}") from exc


def _service_bus(name: str, binding: Binding, settings: SettingResolver) -> ServiceBusTrigger:
    if str(binding.get("cardinality") or "one").lower() != "one":
        raise StartError(f"function {name}: this host delivers messages one by one; set cardinality to ONE")
    if _flag(binding.get("isSessionsEnabled")):
        raise StartError(f"function {name}: this host can't receive sessions")
    if not _flag(binding.get("autoCompleteMessages", True)):
        raise StartError(f"function {name}: autoCompleteMessages is off, but Python can't settle messages")

    def entity(key: str) -> str | None:
        return settings.resolve(str(binding[key]), f"the {key} of {name}") if binding.get(key) else None

    return ServiceBusTrigger(
        argument=binding["name"],
        connection_string=settings.connection_string(
            str(binding.get("connection") or ""), f"the trigger of {name}"
        ),
        queue=entity("queueName"),
        topic=entity("topicName"),
        subscription=entity("subscriptionName"),
        binary=str(binding.get("dataType") or "").lower() == "binary",
    )


def _flag(value: object) -> bool:
    return str(value).lower() == "true"
