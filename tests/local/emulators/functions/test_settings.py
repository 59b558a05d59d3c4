"""Settings, `host.json`, and what they make of a function's bindings."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.emulators.functions.errors import StartError
from local.emulators.functions.host_json import HostConfig, ServiceBusOptions, host_config, read_host_config
from local.emulators.functions.keys import AuthLevel
from local.emulators.functions.settings import (
    SettingResolver,
    apply_platform_defaults,
    apply_values,
    is_disabled,
    local_values,
)
from local.emulators.functions.triggers import HttpTrigger, ServiceBusTrigger, TimerTrigger, read_trigger


def write_settings(folder: Path, document: Any, encoding: str = "utf-8") -> Path:
    (folder / "local.settings.json").write_text(json.dumps(document), encoding)
    return folder


def test_values_become_text(tmp_path: Path):
    values = {"A": "x", "B": 5, "C": True, "D": None, "E": 1.5}
    write_settings(tmp_path, {"IsEncrypted": False, "Values": values})
    assert local_values(tmp_path) == {"A": "x", "B": "5", "C": "true", "D": "", "E": "1.5"}


def test_no_settings_file_is_no_settings(tmp_path: Path):
    assert local_values(tmp_path) == {}


def test_a_byte_order_mark_does_no_harm(tmp_path: Path):
    assert local_values(write_settings(tmp_path, {"Values": {"A": "ü"}}, "utf-8-sig")) == {"A": "ü"}


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"IsEncrypted": True, "Values": {"A": "x"}}, "encrypted"),
        ([], "must be a JSON object"),
        ({"Values": []}, "must be a JSON object"),
        ({"Values": {"A": {"B": 1}}}, "the value of A"),
    ],
)
def test_settings_that_cannot_be_used_are_refused(tmp_path: Path, document: Any, reason: str):
    with pytest.raises(StartError, match=reason):
        local_values(write_settings(tmp_path, document))


def test_the_environment_wins_unless_it_is_empty():
    environ = {"SET": "environment", "EMPTY": ""}
    apply_values({"SET": "file", "EMPTY": "file", "NEW": "file"}, environ)
    assert environ == {"SET": "environment", "EMPTY": "file", "NEW": "file"}


def test_the_platforms_own_settings_are_there(tmp_path: Path):
    environ = {"TZ": "Europe/Berlin"}
    apply_platform_defaults(tmp_path, environ)
    assert environ["FUNCTIONS_WORKER_RUNTIME"] == "python"
    assert environ["AzureWebJobsScriptRoot"] == str(tmp_path)
    assert environ["TZ"] == "Europe/Berlin"
    assert "WEBSITE_INSTANCE_ID" not in environ


def test_placeholders_are_replaced_inside_text():
    settings = SettingResolver({"A": "1", "Section__Key": "2"})
    assert settings.resolve("x-%A%-%Section:Key%-y", "z") == "x-1-2-y"
    settings.raise_if_missing()


def test_all_missing_settings_are_reported_together():
    settings = SettingResolver({"EMPTY": ""})
    settings.resolve("%ONE% %EMPTY%", "the schedule of a")
    settings.connection_string("BUS", "the trigger of b")
    settings.connection_string("BUS", "the trigger of c")
    with pytest.raises(StartError) as raised:
        settings.raise_if_missing()
    assert str(raised.value) == (
        "missing settings: BUS (needed by the trigger of b, the trigger of c); "
        "EMPTY (needed by the schedule of a); ONE (needed by the schedule of a)"
    )


@pytest.mark.parametrize(
    ("environ", "name"),
    [({"BUS": "cs"}, "BUS"), ({"AzureWebJobsBUS": "cs"}, "BUS"), ({"AzureWebJobsServiceBus": "cs"}, "")],
)
def test_a_connection_is_found_as_the_extension_finds_it(environ: dict[str, str], name: str):
    assert SettingResolver(environ).connection_string(name, "x") == "cs"


def test_an_identity_is_refused_with_the_way_out():
    settings = SettingResolver({"BUS__fullyQualifiedNamespace": "x.servicebus.windows.net"})
    with pytest.raises(StartError, match="locally, set BUS to a connection string"):
        settings.connection_string("BUS", "the trigger of b")


def test_an_empty_host_json_means_the_defaults():
    assert host_config({"version": "2.0"}) == HostConfig(
        "api", None, ServiceBusOptions(16, 0, True, timedelta(minutes=5))
    )


def test_host_json_is_read():
    config = host_config(
        {
            "functionTimeout": "00:01:30",
            "extensions": {
                "http": {"routePrefix": "/v1/"},
                "serviceBus": {
                    "maxConcurrentCalls": 8,
                    "prefetchCount": 2,
                    "autoCompleteMessages": False,
                    "maxAutoLockRenewalDuration": "1.00:00:00.5",
                },
            },
        }
    )
    renewal = timedelta(days=1, milliseconds=500)
    assert config == HostConfig("v1", timedelta(seconds=90), ServiceBusOptions(8, 2, False, renewal))


def test_settings_override_host_json(tmp_path: Path):
    (tmp_path / "host.json").write_text('{"version": "2.0", "extensions": {"http": {"routePrefix": "api"}}}')
    prefix = "AzureFunctionsJobHost__extensions__"
    environ = {f"{prefix}http__routePrefix": "", f"{prefix}serviceBus__maxConcurrentCalls": "3"}
    config = read_host_config(tmp_path, environ)
    assert (config.route_prefix, config.service_bus.max_concurrent_calls) == ("", 3)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({"extensions": []}, "extensions"),
        (
            {"extensions": {"serviceBus": {"maxConcurrentCalls": 0}}},
            "extensions.serviceBus.maxConcurrentCalls",
        ),
        ({"extensions": {"serviceBus": {"prefetchCount": "many"}}}, "extensions.serviceBus.prefetchCount"),
        ({"extensions": {"serviceBus": {"autoCompleteMessages": "maybe"}}}, "autoCompleteMessages"),
        ({"extensions": {"http": {"routePrefix": 5}}}, "extensions.http.routePrefix"),
        ({"functionTimeout": "5 minutes"}, "functionTimeout"),
    ],
)
def test_a_wrong_value_in_host_json_is_named(document: dict[str, Any], place: str):
    with pytest.raises(StartError, match=place):
        host_config(document)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"version": "1.0"}'])
def test_a_host_json_of_another_version_is_refused(tmp_path: Path, content: str):
    (tmp_path / "host.json").write_text(content)
    with pytest.raises(StartError, match=r"host\.json"):
        read_host_config(tmp_path, {})


def read(binding: dict[str, Any], environ: dict[str, str] | None = None) -> Any:
    settings = SettingResolver(environ or {})
    trigger = read_trigger("f", [binding, {"type": "http", "name": "$return"}], "api", settings)
    settings.raise_if_missing()
    return trigger


def test_an_http_trigger_needs_a_function_key_unless_it_says_otherwise():
    trigger = read({"type": "httpTrigger", "name": "req", "methods": ["GET"]})
    assert isinstance(trigger, HttpTrigger)
    assert trigger.auth_level is AuthLevel.FUNCTION
    assert trigger.route.text == "api/f"
    assert trigger.methods == ("GET",)


def test_a_timer_takes_its_schedule_from_a_setting():
    trigger = read({"type": "timerTrigger", "name": "t", "schedule": "%EVERY%"}, {"EVERY": "0 * * * * *"})
    assert isinstance(trigger, TimerTrigger)
    assert trigger.schedule.text == "0 * * * * *"
    assert not trigger.run_on_startup


def test_a_service_bus_trigger_takes_names_from_settings():
    binding = {
        "type": "serviceBusTrigger",
        "name": "m",
        "topicName": "%T%",
        "subscriptionName": "s",
        "connection": "C",
    }
    trigger = read(binding, {"T": "leads", "C": "cs"})
    assert trigger == ServiceBusTrigger("m", "cs", None, "leads", "s", binary=False)
    assert trigger.entity == "leads/Subscriptions/s"


@pytest.mark.parametrize(
    ("binding", "reason"),
    [
        ({"type": "timerTrigger", "name": "t", "schedule": "every minute"}, "isn't NCRONTAB"),
        ({"type": "timerTrigger", "name": "t", "schedule": "%NONE%"}, "missing settings: NONE"),
        ({"type": "httpTrigger", "name": "r", "route": "{a:nosuch}"}, "nosuch"),
        ({"type": "httpTrigger", "name": "r", "authLevel": "USER"}, "auth level"),
        ({"type": "serviceBusTrigger", "name": "m", "queueName": "q", "cardinality": "MANY"}, "cardinality"),
        ({"type": "serviceBusTrigger", "name": "m", "queueName": "q", "isSessionsEnabled": True}, "sessions"),
        (
            {"type": "serviceBusTrigger", "name": "m", "queueName": "q"},
            "missing settings: AzureWebJobsServiceBus",
        ),
        (
            {"type": "serviceBusTrigger", "name": "m", "queueName": "q", "autoCompleteMessages": False},
            "can't settle messages",
        ),
        ({"type": "blobTrigger", "name": "b"}, "blobtrigger"),
        ({"type": "serviceBus", "name": "out"}, "one trigger"),
    ],
)
def test_what_this_host_cannot_serve_is_refused(binding: dict[str, Any], reason: str):
    with pytest.raises(StartError, match=reason):
        read(binding)


def test_an_output_binding_is_refused():
    bindings = [{"type": "httpTrigger", "name": "r"}, {"type": "queue", "name": "out"}]
    with pytest.raises(StartError, match="'queue'"):
        read_trigger("f", bindings, "api", SettingResolver({}))


@pytest.mark.parametrize(
    ("setting", "value", "off"),
    [
        # as the real host was seen to do
        ("AzureWebJobs.good.Disabled", "true", True),
        ("AzureWebJobs.good.Disabled", "True", True),
        ("AzureWebJobs.good.Disabled", "1", True),
        ("AzureWebJobs.good.Disabled", "false", False),
        ("AzureWebJobs.good.Disabled", "0", False),
        ("AzureWebJobs.good.Disabled", "yes", False),
        ("AzureWebJobs.good.Disabled", "", False),
        ("AzureWebJobs_good_Disabled", "true", True),
        ("AzureWebJobs__good__Disabled", "true", False),
        ("AzureWebJobs.GOOD.Disabled", "true", True),
        ("AzureWebJobs.other.Disabled", "true", False),
    ],
)
def test_a_setting_switches_a_function_off(setting: str, value: str, off: bool):
    assert is_disabled("good", {setting: value}) is off
