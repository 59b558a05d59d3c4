"""Config.json: the official format, its defaults, and refusals that name the place and the rule."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from local.emulators import servicebus
from local.emulators.servicebus.config import ConfigError, load_config, parse_config
from local.emulators.servicebus.entities import QueueSettings


def document(queues=(), topics=(), **namespace):
    return {
        "UserConfig": {
            "Namespaces": [
                {"Name": "sbemulatorns", "Queues": list(queues), "Topics": list(topics)} | namespace
            ],
            "Logging": {"Type": "Console"},
        }
    }


def queue(**properties):
    return {"Name": "q", "Properties": properties}


def subscription(**rule):
    rules = [{"Name": "r", "Properties": rule}] if rule else []
    return {"Name": "t", "Subscriptions": [{"Name": "s", "Rules": rules}]}


def refusal(given):
    with pytest.raises(ConfigError) as refused:
        parse_config(given)
    return str(refused.value)


QUEUE = "UserConfig.Namespaces[0].Queues[0]"
RULE = "UserConfig.Namespaces[0].Topics[0].Subscriptions[0].Rules[0].Properties"


def test_the_shipped_file_is_valid_comments_and_all():
    config = load_config(Path(servicebus.__file__).with_name("Config.json"))
    namespace = config.namespace(clock=lambda: 0.0)

    for address in ("activity", "spill", "leads/subscriptions/scoring", "leads/subscriptions/alerts"):
        assert namespace.source(address).settings.max_delivery_count == 10


def test_what_is_left_out_has_the_official_defaults():
    namespace = parse_config(document([{"Name": "q"}])).namespace(clock=lambda: 0.0)

    assert namespace.source("q").settings == QueueSettings(
        lock_duration=timedelta(minutes=1),
        time_to_live=timedelta(hours=1),
        max_delivery_count=3,
        dead_letter_on_expiration=False,
    )


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("PT1S", timedelta(seconds=1)),
        ("PT0.25S", timedelta(seconds=0.25)),
        ("PT1M30S", timedelta(seconds=90)),
        ("PT5M", timedelta(minutes=5)),
    ],
)
def test_durations_are_iso_8601_and_may_be_shorter_than_officially(text, duration):
    namespace = parse_config(document([queue(LockDuration=text)])).namespace(clock=lambda: 0.0)

    assert namespace.source("q").settings.lock_duration == duration


def test_slashes_inside_a_text_are_no_comment(tmp_path):
    path = tmp_path / "Config.json"
    given = document(topics=[subscription(FilterType="Sql", SqlFilter={"SqlExpression": "a = '//b'"})])
    path.write_text(json.dumps(given, indent=1).replace('"Queues"', '// none\n"Queues"'))

    (topic,) = load_config(path).user_config.namespaces[0].topics
    assert topic.subscriptions[0].rule_filters()[0].expression == "a = '//b'"


@pytest.mark.parametrize(
    ("given", "place", "rule"),
    [
        ({}, "UserConfig", "Field required"),
        (document(Name="other"), "UserConfig.Namespaces[0].Name", "sbemulatorns"),
        (document([{"Name": "-q"}]), f"{QUEUE}.Name", "pattern"),
        (document([queue(), {"Name": "Q"}]), "UserConfig.Namespaces[0].Queues", "'q' is given twice"),
        (document([{"Name": "T"}], [subscription()]), "UserConfig.Namespaces[0]", "'t' is given twice"),
        (document([queue(LockDuration="1m")]), f"{QUEUE}.Properties.LockDuration", "ISO 8601"),
        (document([queue(LockDuration=60)]), f"{QUEUE}.Properties.LockDuration", "ISO 8601"),
        (document([queue(LockDuration="PT0S")]), f"{QUEUE}.Properties.LockDuration", "longer than zero"),
        (document([queue(LockDuration="PT6M")]), f"{QUEUE}.Properties.LockDuration", "less than or equal"),
        (document([queue(MaxDeliveryCount=0)]), f"{QUEUE}.Properties.MaxDeliveryCount", "greater than"),
        (document([queue(MaxDeliveryCount=11)]), f"{QUEUE}.Properties.MaxDeliveryCount", "less than"),
        (document([queue(LockDuraton="PT1M")]), f"{QUEUE}.Properties.LockDuraton", "not permitted"),
        (document([queue(RequiresSession=True)]), f"{QUEUE}.Properties.RequiresSession", "no sessions yet"),
        (
            document([queue(RequiresDuplicateDetection=True)]),
            f"{QUEUE}.Properties.RequiresDuplicateDetection",
            "no duplicate detection yet",
        ),
        (document([queue(ForwardTo="other")]), f"{QUEUE}.Properties.ForwardTo", "no forwarding yet"),
        (
            document(topics=[{"Name": "t", "Subscriptions": []}]),
            "UserConfig.Namespaces[0].Topics[0].Subscriptions",
            "at least 1",
        ),
        (document(topics=[subscription(FilterType="Other")]), f"{RULE}.FilterType", "'Correlation' or 'Sql'"),
        (document(topics=[subscription(FilterType="Sql")]), RULE, "needs a SqlFilter beside it"),
        (
            document(topics=[subscription(FilterType="Sql", SqlFilter={"SqlExpression": "a ="})]),
            f"{RULE}.SqlFilter",
            "ends too early",
        ),
        (
            document(topics=[subscription(FilterType="Correlation", CorrelationFilter={})]),
            f"{RULE}.CorrelationFilter",
            "at least one property",
        ),
        (
            document(
                topics=[
                    subscription(
                        FilterType="Correlation",
                        CorrelationFilter={"Label": "x"},
                        Action={"SqlExpression": "SET sys.To = 'x'"},
                    )
                ]
            ),
            f"{RULE}.Action",
            "no rule actions yet",
        ),
    ],
)
def test_a_wrong_file_is_refused_with_the_place_and_the_rule(given, place, rule):
    complaint = refusal(given)

    assert complaint.startswith(f"{place}: ")
    assert rule in complaint


def test_all_mistakes_are_named_at_once():
    complaint = refusal(document([queue(LockDuration="1m", MaxDeliveryCount=0)], Name="other"))

    assert len(complaint.splitlines()) == 3


@pytest.mark.parametrize(("content", "complaint"), [(None, "can't be read"), ('{"a": }', "not valid JSON")])
def test_a_file_that_is_missing_or_no_json_is_refused_by_its_name(tmp_path, content, complaint):
    path = tmp_path / "Config.json"
    if content is not None:
        path.write_text(content)

    with pytest.raises(ConfigError, match=f"Config.json: {complaint}"):
        load_config(path)
