"""Reads the official emulator's `Config.json`: a namespace with queues, topics, subscriptions and rules."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_pascal

from local.emulators.servicebus.entities import Clock, QueueSettings
from local.emulators.servicebus.filters import SYSTEM_PROPERTIES, CorrelationFilter, RuleFilter, TrueFilter
from local.emulators.servicebus.namespace import Namespace
from local.emulators.servicebus.sql_filter import SqlFilter

_COMMENT = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*')
_ISO_8601 = re.compile(r"P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")


class ConfigError(ValueError):
    """The configuration is invalid; one line per field, with the rule it breaks."""


def _iso_8601(value: object) -> object:
    if not isinstance(value, str) or not _ISO_8601.fullmatch(value):
        raise ValueError(f"{value!r} is not an ISO 8601 duration such as PT30S or PT1M")
    return value


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("a duration must be longer than zero")
    return value


def _unsupported(what: str) -> AfterValidator:
    def refuse(value: object) -> object:
        if value:
            raise ValueError(f"this emulator has no {what} yet: leave it out")
        return value

    return AfterValidator(refuse)


def _unique_names(values: Sequence["_Named"]) -> Sequence["_Named"]:
    names = [value.name.lower() for value in values]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"the name {name!r} is given twice (case doesn't matter)")
    return values


# The maxima are the official emulator's; its minima aren't enforced, which keeps tests fast.
_Duration = Annotated[timedelta, BeforeValidator(_iso_8601), AfterValidator(_positive)]
_LockDuration = Annotated[_Duration, Field(le=timedelta(minutes=5))]
_TimeToLive = Annotated[_Duration, Field(le=timedelta(hours=1))]
_Sessions = Annotated[bool, _unsupported("sessions")]
_DuplicateDetection = Annotated[bool, _unsupported("duplicate detection")]
_Forwarding = Annotated[str, _unsupported("forwarding")]
_Unique = AfterValidator(_unique_names)


class _Model(BaseModel):
    model_config = ConfigDict(alias_generator=to_pascal, extra="forbid", frozen=True, strict=False)


class _Named(_Model):
    name: str = Field(pattern=r"^[A-Za-z0-9]$|^[A-Za-z0-9][\w\-./]*[A-Za-z0-9]$", max_length=260)


class _SubscriptionProperties(_Model):
    lock_duration: _LockDuration = timedelta(minutes=1)
    default_message_time_to_live: _TimeToLive = timedelta(hours=1)
    max_delivery_count: int = Field(default=3, ge=1, le=10)
    dead_lettering_on_message_expiration: bool = False
    requires_session: _Sessions = False
    forward_to: _Forwarding = ""
    forward_dead_lettered_messages_to: _Forwarding = ""

    def settings(self) -> QueueSettings:
        return QueueSettings(
            lock_duration=self.lock_duration,
            time_to_live=self.default_message_time_to_live,
            max_delivery_count=self.max_delivery_count,
            dead_letter_on_expiration=self.dead_lettering_on_message_expiration,
        )


class _QueueProperties(_SubscriptionProperties):
    requires_duplicate_detection: _DuplicateDetection = False
    duplicate_detection_history_time_window: _Duration = timedelta(seconds=20)


class _TopicProperties(_Model):
    default_message_time_to_live: _TimeToLive = timedelta(hours=1)
    requires_duplicate_detection: _DuplicateDetection = False
    duplicate_detection_history_time_window: _Duration = timedelta(seconds=20)


class _CorrelationFilter(_Model):
    content_type: str | None = None
    correlation_id: str | None = None
    label: str | None = None
    message_id: str | None = None
    reply_to: str | None = None
    reply_to_session_id: str | None = None
    session_id: str | None = None
    to: str | None = None
    properties: Mapping[str, str | bool | int | float] = Field(default={})

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("a correlation filter needs at least one property to compare")
        return self

    def rule_filter(self) -> RuleFilter:
        given = self.model_dump(by_alias=True, exclude_none=True)
        system = {name: value for name, value in given.items() if name in SYSTEM_PROPERTIES}
        return CorrelationFilter(system, self.properties)


class _SqlFilter(_Model):
    sql_expression: str

    @model_validator(mode="after")
    def _compiles(self) -> Self:
        SqlFilter(self.sql_expression)
        return self

    def rule_filter(self) -> RuleFilter:
        return SqlFilter(self.sql_expression)


class _RuleProperties(_Model):
    filter_type: Literal["Correlation", "Sql"]
    correlation_filter: _CorrelationFilter | None = None
    sql_filter: _SqlFilter | None = None
    action: Annotated[Any, _unsupported("rule actions")] = None

    @model_validator(mode="after")
    def _filter_given(self) -> Self:
        self.rule_filter()
        return self

    def rule_filter(self) -> RuleFilter:
        chosen = self.correlation_filter if self.filter_type == "Correlation" else self.sql_filter
        if chosen is None:
            raise ValueError(f"FilterType {self.filter_type} needs a {self.filter_type}Filter beside it")
        return chosen.rule_filter()


class _Rule(_Named):
    properties: _RuleProperties


class _Subscription(_Named):
    properties: _SubscriptionProperties = _SubscriptionProperties()
    rules: Annotated[list[_Rule], _Unique] = Field(default=[], max_length=1000)

    def rule_filters(self) -> list[RuleFilter]:
        return [rule.properties.rule_filter() for rule in self.rules] or [TrueFilter()]


class _Queue(_Named):
    properties: _QueueProperties = _QueueProperties()


class _Topic(_Named):
    properties: _TopicProperties = _TopicProperties()
    subscriptions: Annotated[list[_Subscription], _Unique] = Field(min_length=1, max_length=50)


class _Namespace(_Model):
    name: Literal["sbemulatorns"]
    queues: Annotated[list[_Queue], _Unique]
    topics: Annotated[list[_Topic], _Unique]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        _unique_names([*self.queues, *self.topics])
        return self


class _Logging(_Model):
    type: Literal["File", "Console", "File,Console", "Console,File"]


class _UserConfig(_Model):
    namespaces: list[_Namespace] = Field(min_length=1, max_length=1)
    logging: _Logging


class Config(_Model):
    """The whole file, validated."""

    user_config: _UserConfig

    def namespace(self, clock: Clock) -> Namespace:
        """Create the entities, all empty."""
        namespace = Namespace(clock)
        for queue in self.user_config.namespaces[0].queues:
            namespace.add_queue(queue.name, queue.properties.settings())
        for topic in self.user_config.namespaces[0].topics:
            subscriptions = {
                subscription.name: (subscription.properties.settings(), subscription.rule_filters())
                for subscription in topic.subscriptions
            }
            namespace.add_topic(topic.name, topic.properties.default_message_time_to_live, subscriptions)
        return namespace


def load_config(path: Path) -> Config:
    """Read and check a file.

    Raises:
        ConfigError: it can't be read, isn't JSON (`//` comments are allowed), or breaks a rule.
    """
    try:
        document = json.loads(_COMMENT.sub(lambda match: match.group(1) or "", path.read_text("utf-8")))
    except OSError as exc:
        raise ConfigError(f"{path}: can't be read: {exc.strerror}") from exc
    except ValueError as exc:
        raise ConfigError(f"{path}: not valid JSON: {exc}") from exc
    try:
        return parse_config(document)
    except ConfigError as exc:
        raise ConfigError("\n".join(f"{path}: {line}" for line in str(exc).splitlines())) from exc


def parse_config(document: object) -> Config:
    """Validate a decoded document.

    Raises:
        ConfigError: it breaks rules; the text has one line for each.
    """
    try:
        return Config.model_validate(document)
    except ValidationError as exc:
        lines = [f"{_place(error['loc'])}: {_rule(error['msg'])}" for error in exc.errors()]
        raise ConfigError("\n".join(lines)) from exc


def _rule(text: str) -> str:
    return text.removeprefix("Value error, ")


def _place(location: Sequence[str | int]) -> str:
    parts = [f"[{part}]" if isinstance(part, int) else f".{part}" for part in location]
    return "".join(parts).lstrip(".") or "the file"
