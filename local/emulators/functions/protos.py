"""Plain classes in place of the worker's protobuf messages, with the fields that the library uses.

The library takes its message types as an argument and doesn't check that they are protobuf, so a
development host needs neither gRPC nor generated code. Names and numbers are the protocol's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar


class TypedData:
    """One value of one kind: `TypedData(string="x")`; `kind` is None if it has no value."""

    def __init__(self, **content: Any) -> None:
        if len(content) > 1:
            raise TypeError("TypedData holds one value")
        self.kind = next(iter(content), None)
        self.__dict__.update(content)

    def WhichOneof(self, _group: str) -> str | None:  # noqa: N802 - protobuf's own spelling
        return self.kind


@dataclass(kw_only=True)
class RpcException:
    """An exception of the app, as text."""

    source: str = ""
    message: str = ""
    stack_trace: str = ""


@dataclass(kw_only=True)
class StatusResult:
    """Whether a request to the worker succeeded."""

    Failure: ClassVar[int] = 0
    Success: ClassVar[int] = 1
    Cancelled: ClassVar[int] = 2
    status: int = 0
    exception: RpcException | None = None


@dataclass(kw_only=True)
class WorkerMetadata:
    """Versions, for the log."""

    runtime_name: str = ""
    runtime_version: str = ""
    worker_version: str = ""
    worker_bitness: str = ""
    custom_properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class WorkerInitResponse:
    """The answer to the init request; indexing errors are in `result`."""

    capabilities: Mapping[str, str]
    worker_metadata: WorkerMetadata
    result: StatusResult


class BindingInfo:
    """A binding of a function; the library compares its numbers with the class attributes."""

    out, inout = 1, 2
    undefined, string, binary, stream = 0, 1, 2, 3

    def __init__(self, *, type: str = "", data_type: int = 0, direction: int = 0) -> None:  # noqa: A002 - a field name
        self.type, self.data_type, self.direction = type, data_type, direction


setattr(BindingInfo, "in", 0)  # `in` is a keyword, so it can't stand in the class body


@dataclass(kw_only=True)
class RpcRetryOptions:
    """`@retry`; `max_retry_count` of -1 retries for ever, intervals of the other strategy are None."""

    max_retry_count: int = 0
    retry_strategy: str | None = None
    delay_interval: timedelta | None = None
    minimum_interval: timedelta | None = None
    maximum_interval: timedelta | None = None


@dataclass(kw_only=True)
class RpcFunctionMetadata:
    """One indexed function; `raw_bindings` are JSON objects as text and hold all that a host needs."""

    name: str
    function_id: str
    raw_bindings: Sequence[str]
    retry_options: RpcRetryOptions | None = None
    bindings: Mapping[str, BindingInfo] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)
    directory: str = ""
    script_file: str = ""
    entry_point: str = ""
    language: str = ""
    is_proxy: bool = False
    managed_dependency_enabled: bool = False


@dataclass(kw_only=True)
class FunctionMetadataResponse:
    """Every indexed function; None when the app has no script file, although the start succeeded."""

    use_default_metadata_indexing: bool
    function_metadata_results: Sequence[RpcFunctionMetadata] | None
    result: StatusResult


@dataclass(kw_only=True)
class FunctionLoadResponse:
    """The answer to a load request; it carries nothing, since indexing has loaded the function."""

    function_id: str
    result: StatusResult


@dataclass(kw_only=True)
class ParameterBinding:
    """An argument or an output by name."""

    name: str = ""
    data: TypedData | None = None

    def WhichOneof(self, _group: str) -> str:  # noqa: N802 - protobuf's own spelling
        return "data"


@dataclass(kw_only=True)
class InvocationResponse:
    """What a function returned, or the exception that it raised."""

    invocation_id: str
    result: StatusResult
    return_value: TypedData | None = None
    output_data: Sequence[ParameterBinding] = ()


@dataclass(kw_only=True)
class NullableString:
    """A text that is set."""

    value: str


@dataclass(kw_only=True)
class NullableBool:
    """A flag that is set."""

    value: bool


@dataclass(kw_only=True)
class NullableDouble:
    """A number that is set."""

    value: float


@dataclass(kw_only=True)
class Timestamp:
    """Seconds since 1970, UTC."""

    seconds: int


@dataclass(kw_only=True)
class NullableTimestamp:
    """A time that is set."""

    value: Timestamp


@dataclass(kw_only=True)
class RpcHttpCookie:
    """One `Set-Cookie`: the library takes cookies out of the headers, so a host has to put them back."""

    class SameSite:
        """The numbers of the `SameSite` attribute."""

        Lax, Strict, ExplicitNone = 1, 2, 3

    name: str
    value: str
    domain: NullableString | None = None
    path: NullableString | None = None
    expires: NullableTimestamp | None = None
    secure: NullableBool | None = None
    http_only: NullableBool | None = None
    same_site: int = 0
    max_age: NullableDouble | None = None


setattr(RpcHttpCookie.SameSite, "None", 0)  # `None` is a keyword


@dataclass(kw_only=True)
class RpcHttp:
    """A request, or an answer, whose `status_code` is a number as text."""

    method: str = ""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: TypedData | None = None
    status_code: str = ""
    cookies: Sequence[RpcHttpCookie] | None = None
    enable_content_negotiation: bool = False
