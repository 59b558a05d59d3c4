"""Settings: all problems at once, by name, never by value."""

from datetime import timedelta
from pathlib import Path

import pytest

from shared.settings import InvalidSettings, read_settings

BUS = "Endpoint=sb://localhost;SharedAccessKeyName=a;SharedAccessKey=b;UseDevelopmentEmulator=true;"
GOOD = {
    "LEADS_STORAGE": "UseDevelopmentStorage=true",
    "LEADS_TABLE": "Leads",
    "LEADS_BUS": BUS,
    "LEADS_TOPIC": "leads",
    "LEADS_ACTIVITY_QUEUE": "activity",
    "LEADS_SPILL_QUEUE": "spill",
    "LEADS_SCORING_SUBSCRIPTION": "scoring",
    "LEADS_CLOCK_SCHEDULE": "0 * * * * *",
    "LEADS_ID_KEY": "sixteen-letters!",
}


def problems(environment: dict[str, str]) -> list[str]:
    with pytest.raises(InvalidSettings) as refusal:
        read_settings(environment)
    return str(refusal.value).removeprefix("Settings: ").removesuffix(".").split("; ")


def test_good_settings_are_taken_as_they_are():
    settings = read_settings(GOOD | {"UNRELATED": "x"})
    assert (settings.storage, settings.storage_by_identity) == ("UseDevelopmentStorage=true", False)
    assert (settings.bus, settings.bus_by_identity) == (BUS, False)
    assert (settings.table, settings.topic, settings.id_key) == ("Leads", "leads", b"sixteen-letters!")
    assert (settings.activity_queue, settings.spill_queue) == ("activity", "spill")
    assert settings.scoring_subscription == "scoring"
    assert settings.policy is None
    assert (settings.scoring_subscription, settings.spill_queue) == ("scoring", "spill")
    assert settings.clock_period == timedelta(minutes=1)


def test_an_identity_stands_for_a_connection_string():
    given = GOOD | {
        "LEADS_STORAGE__tableServiceUri": "https://x.table.core.windows.net",
        "LEADS_BUS__fullyQualifiedNamespace": "x.servicebus.windows.net",
    }
    without = {name: value for name, value in given.items() if name not in {"LEADS_STORAGE", "LEADS_BUS"}}
    for environment in (given, without):
        settings = read_settings(environment)
        assert (settings.storage, settings.storage_by_identity) == ("https://x.table.core.windows.net", True)
        assert (settings.bus, settings.bus_by_identity) == ("x.servicebus.windows.net", True)


@pytest.mark.parametrize(("written", "policy"), [(__file__, Path(__file__)), ("", None), (" ", None)])
def test_a_policy_is_optional(written: str, policy: Path | None):
    assert read_settings(GOOD | {"LEADS_POLICY": written}).policy == policy


def test_a_policy_that_is_not_there_is_named_with_the_other_wrong_settings(tmp_path: Path):
    missing = str(tmp_path / "C4N4RY.toml")
    assert problems(GOOD | {"LEADS_POLICY": missing, "LEADS_TABLE": "a"}) == [
        "LEADS_TABLE must be 3 to 63 letters and digits, a letter first, but not `tables`",
        "LEADS_POLICY must be the path of a file that is there",
    ]


@pytest.mark.parametrize("blank", [None, "", "  "], ids=["missing", "empty", "blank"])
@pytest.mark.parametrize("name", GOOD)
def test_each_missing_setting_is_named(name: str, blank: str | None):
    environment = {other: value for other, value in GOOD.items() if other != name}
    if blank is not None:
        environment[name] = blank
    (problem,) = problems(environment)
    assert problem.startswith(name)
    assert problem.endswith("is missing")


def test_all_missing_settings_are_named_together():
    said = problems({})
    assert len(said) == len(GOOD)
    assert all(any(problem.startswith(name) for problem in said) for name in GOOD)
    assert "LEADS_STORAGE (or LEADS_STORAGE__tableServiceUri) is missing" in said
    assert "LEADS_BUS (or LEADS_BUS__fullyQualifiedNamespace) is missing" in said


def test_missing_and_wrong_ones_are_named_together_and_no_value_is_shown():
    canary = "C4N4RY"
    wrong = {
        "LEADS_STORAGE__tableServiceUri": f"http://{canary}",
        "LEADS_TABLE": f"{canary}-1",
        "LEADS_ID_KEY": canary,
        "LEADS_BUS": f"Endpoint={canary}",
    }
    said = problems(wrong)
    assert [problem.split()[0] for problem in said] == [
        "LEADS_BUS",
        "LEADS_STORAGE__tableServiceUri",
        "LEADS_TABLE",
        "LEADS_ID_KEY",
        "LEADS_TOPIC",
        "LEADS_ACTIVITY_QUEUE",
        "LEADS_SPILL_QUEUE",
        "LEADS_SCORING_SUBSCRIPTION",
        "LEADS_CLOCK_SCHEDULE",
    ]
    assert canary not in " ".join(said)


@pytest.mark.parametrize(
    ("table", "good"),
    [
        ("Abc", True),
        ("A" + "1" * 62, True),
        ("Ab", False),
        ("A" + "1" * 63, False),
        ("1bc", False),
        ("Ab-c", False),
        ("Abç", False),
        ("Tables", False),
    ],
)
def test_a_table_has_the_name_that_the_service_takes(table: str, good: bool):
    if good:
        assert read_settings(GOOD | {"LEADS_TABLE": table}).table == table
    else:
        assert problems(GOOD | {"LEADS_TABLE": table}) == [
            "LEADS_TABLE must be 3 to 63 letters and digits, a letter first, but not `tables`"
        ]


@pytest.mark.parametrize("value", ["a b", "leads?", "leads#1", "lëads", "x" * 261])
@pytest.mark.parametrize(
    "name", ["LEADS_TOPIC", "LEADS_SCORING_SUBSCRIPTION", "LEADS_ACTIVITY_QUEUE", "LEADS_SPILL_QUEUE"]
)
def test_a_name_that_no_bus_has_is_refused(name: str, value: str):
    assert problems(GOOD | {name: value}) == [
        f"{name} must be a name of letters, digits and . _ - / on the bus"
    ]


@pytest.mark.parametrize("host", ["https://x.servicebus.windows.net/", "sb://x", "not a host", "x:5671"])
def test_a_namespace_is_the_name_of_a_host(host: str):
    (problem,) = problems(GOOD | {"LEADS_BUS__fullyQualifiedNamespace": host})
    assert problem.startswith("LEADS_BUS__fullyQualifiedNamespace must be a host name")


@pytest.mark.parametrize(
    ("key", "good"),
    [
        ("x" * 15, False),
        ("x" * 16, True),
        ("x" * 64, True),
        ("x" * 65, False),
        ("é" * 32, True),
        ("é" * 33, False),
    ],
    ids=["15", "16", "64", "65", "64 bytes", "66 bytes"],
)
def test_an_id_key_is_as_long_as_the_digest_takes(key: str, good: bool):
    if good:
        assert read_settings(GOOD | {"LEADS_ID_KEY": key}).id_key == key.encode()
    else:
        assert problems(GOOD | {"LEADS_ID_KEY": key}) == ["LEADS_ID_KEY must be a secret of 16 to 64 bytes"]


def test_settings_do_not_print_their_secrets():
    settings = read_settings(GOOD)
    assert not any(value in f"{settings!r} {settings}" for value in GOOD.values())


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEADS_STORAGE", "nonsense"),
        ("LEADS_STORAGE", "AccountName="),
        ("LEADS_BUS", "nonsense"),
        ("LEADS_BUS", "Endpoint=sb://localhost"),
        ("LEADS_BUS", "Endpoint=http://localhost;SharedAccessKey=b"),
        ("LEADS_CLOCK_SCHEDULE", "every minute"),
        ("LEADS_CLOCK_SCHEDULE", "@daily"),
        ("LEADS_CLOCK_SCHEDULE", "0 */0 * * * *"),
    ],
)
def test_a_setting_of_the_wrong_shape_is_named_and_not_shown(name: str, value: str):
    (problem,) = problems(GOOD | {name: value})
    assert problem.startswith(f"{name} must be")
    assert value not in problem


FACTS = {
    "LEADS_FACTS_URL": "https://facts.example/v1/{domain}",
    "LEADS_FACTS_MAP": "industry=company.industry",
    "LEADS_FACTS_HEADER": "x-api-key: abc",
    "LEADS_FACTS_BUDGET": "2s",
}


def test_facts_from_outside_are_off_unless_a_url_is_given():
    assert read_settings(GOOD).facts is None
    assert read_settings(GOOD | FACTS | {"LEADS_FACTS_URL": " "}).facts is None


def test_a_provider_is_told_whole():
    facts = read_settings(GOOD | FACTS).facts
    assert facts is not None
    assert (facts.url, facts.mapping) == (FACTS["LEADS_FACTS_URL"], {"industry": "company.industry"})
    assert (facts.headers, facts.budget.total_seconds()) == ({"x-api-key": "abc"}, 2)


def test_a_provider_needs_no_header_and_has_a_second():
    facts = read_settings(GOOD | FACTS | {"LEADS_FACTS_HEADER": "", "LEADS_FACTS_BUDGET": ""}).facts
    assert facts is not None
    assert (facts.headers, facts.budget.total_seconds()) == ({}, 1)


def test_all_that_is_wrong_with_a_provider_is_said_at_once_and_by_name():
    wrong = {
        "LEADS_FACTS_URL": "http://secret.example/",
        "LEADS_FACTS_MAP": "",
        "LEADS_FACTS_HEADER": "no secret",
        "LEADS_FACTS_BUDGET": "soon",
    }
    found = "; ".join(problems(GOOD | wrong))
    assert all(name in found for name in wrong)
    assert "secret.example" not in found
    assert "no secret" not in found


@pytest.mark.parametrize(
    ("written", "by_identity"),
    [("UseDevelopmentStorage=true", False), (" https://x.table.core.windows.net ", True)],
)
def test_leads_may_lie_in_an_account_of_the_publisher(written: str, by_identity: bool):
    settings = read_settings(GOOD | {"MARKETPLACE_TABLE_STORAGE": written})
    assert (settings.marketplace, settings.marketplace_by_identity) == (written.strip(), by_identity)


def test_without_such_an_account_there_is_no_import():
    for settings in (read_settings(GOOD), read_settings(GOOD | {"MARKETPLACE_TABLE_STORAGE": " "})):
        assert (settings.marketplace, settings.marketplace_by_identity) == (None, False)


@pytest.mark.parametrize("written", ["nonsense", "http://x.table.core.windows.net", "AccountName="])
def test_an_account_of_the_wrong_shape_is_named_and_not_shown(written: str):
    (problem,) = problems(GOOD | {"MARKETPLACE_TABLE_STORAGE": written})
    assert problem.startswith("MARKETPLACE_TABLE_STORAGE must be")
    assert written not in problem
