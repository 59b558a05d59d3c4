"""Settings: all problems at once, by name, never by value."""

import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from azure.data.tables import TableClient
from azure.servicebus import ServiceBusClient
from hypothesis import given
from hypothesis import strategies as st

from shared.settings import (
    EXAMPLE_KEY,
    Connection,
    InvalidSettings,
    Secret,
    Settings,
    read_settings,
    usable_settings,
)
from tests.conftest import ROOT

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
    assert settings.storage == Connection(Secret("UseDevelopmentStorage=true"), by_identity=False)
    assert settings.bus == Connection(Secret(BUS), by_identity=False)
    assert (settings.table, settings.topic, settings.id_key.value) == ("Leads", "leads", b"sixteen-letters!")
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
        assert settings.storage == Connection(Secret("https://x.table.core.windows.net"), by_identity=True)
        assert settings.bus == Connection(Secret("x.servicebus.windows.net"), by_identity=True)


@pytest.mark.parametrize(("written", "policy"), [(__file__, Path(__file__)), ("", None), (" ", None)])
def test_a_policy_is_optional(written: str, policy: Path | None):
    assert read_settings(GOOD | {"LEADS_POLICY": written}).policy == policy


def test_a_policy_that_is_not_there_is_named_with_the_other_wrong_settings(tmp_path: Path):
    missing = str(tmp_path / "C4N4RY.toml")
    assert problems(GOOD | {"LEADS_POLICY": missing, "LEADS_TABLE": "a"}) == [
        "LEADS_TABLE must be 3 to 63 letters and digits, a letter first, but not `tables`",
        "LEADS_POLICY must be the path of an existing file",
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
    found = problems({})
    assert len(found) == len(GOOD)
    assert all(any(problem.startswith(name) for problem in found) for name in GOOD)
    assert "LEADS_STORAGE (or LEADS_STORAGE__tableServiceUri) is missing" in found
    assert "LEADS_BUS (or LEADS_BUS__fullyQualifiedNamespace) is missing" in found


def test_missing_and_wrong_ones_are_named_together_and_no_value_is_shown():
    canary = "C4N4RY"
    wrong = {
        "LEADS_STORAGE__tableServiceUri": f"http://{canary}",
        "LEADS_TABLE": f"{canary}-1",
        "LEADS_ID_KEY": canary,
        "LEADS_BUS": f"Endpoint={canary}",
    }
    found = problems(wrong)
    assert [problem.split()[0] for problem in found] == [
        "LEADS_STORAGE__tableServiceUri",
        "LEADS_TABLE",
        "LEADS_BUS",
        "LEADS_TOPIC",
        "LEADS_SCORING_SUBSCRIPTION",
        "LEADS_ACTIVITY_QUEUE",
        "LEADS_SPILL_QUEUE",
        "LEADS_CLOCK_SCHEDULE",
        "LEADS_ID_KEY",
    ]
    assert canary not in " ".join(found)


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
        assert read_settings(GOOD | {"LEADS_ID_KEY": key}).id_key.value == key.encode()
    else:
        assert problems(GOOD | {"LEADS_ID_KEY": key}) == ["LEADS_ID_KEY must be a secret of 16 to 64 bytes"]


def test_settings_do_not_print_their_secrets():
    settings = read_settings(GOOD | FACTS)
    assert not any(value in f"{settings!r} {settings}" for value in GOOD.values())
    secrets = (settings.storage, settings.bus, settings.id_key, settings.facts, settings.facts.headers)
    assert not any(value in f"{secrets!r}" for value in (GOOD | FACTS).values())
    assert repr(settings.id_key) == "Secret()"


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


def test_a_provider_has_all_its_settings():
    facts = read_settings(GOOD | FACTS).facts
    assert facts is not None
    assert (facts.url, facts.mapping) == (FACTS["LEADS_FACTS_URL"], {"industry": "company.industry"})
    assert (facts.headers.value, facts.budget.total_seconds()) == ({"x-api-key": "abc"}, 2)


def test_a_provider_without_a_header_or_budget_has_no_header_and_a_second():
    facts = read_settings(GOOD | FACTS | {"LEADS_FACTS_HEADER": "", "LEADS_FACTS_BUDGET": ""}).facts
    assert facts is not None
    assert (facts.headers.value, facts.budget.total_seconds()) == ({}, 1)


def test_all_mistakes_of_a_provider_are_reported_at_once_by_name():
    wrong = {
        "LEADS_FACTS_URL": "http://secret.example/",
        "LEADS_FACTS_MAP": "",
        "LEADS_FACTS_HEADER": "no secret",
        "LEADS_FACTS_BUDGET": "soon",
    }
    assert problems(GOOD | wrong)[1] == "LEADS_FACTS_MAP is missing"
    found = "; ".join(problems(GOOD | wrong))
    assert all(name in found for name in wrong)
    assert "secret.example" not in found
    assert "no secret" not in found


@pytest.mark.parametrize(
    ("written", "by_identity"),
    [("UseDevelopmentStorage=true", False), (" https://x.table.core.windows.net ", True)],
)
def test_leads_may_be_imported_from_an_account_of_the_publisher(written: str, by_identity: bool):
    settings = read_settings(GOOD | {"MARKETPLACE_TABLE_STORAGE": written})
    assert settings.marketplace == Connection(Secret(written.strip()), by_identity)


def test_without_such_an_account_there_is_no_import():
    for settings in (read_settings(GOOD), read_settings(GOOD | {"MARKETPLACE_TABLE_STORAGE": " "})):
        assert settings.marketplace is None


@pytest.mark.parametrize("written", ["nonsense", "http://x.table.core.windows.net", "AccountName="])
def test_an_account_of_the_wrong_shape_is_named_and_not_shown(written: str):
    (problem,) = problems(GOOD | {"MARKETPLACE_TABLE_STORAGE": written})
    assert problem.startswith("MARKETPLACE_TABLE_STORAGE must be")
    assert written not in problem


# What a wrong setting costs

OPTIONAL = {**FACTS, "MARKETPLACE_TABLE_STORAGE": "UseDevelopmentStorage=true", "LEADS_POLICY": __file__}
PARTS = {  # by the setting's name: what can't be used without it
    "LEADS_STORAGE": "storage",
    "LEADS_TABLE": "table",
    "LEADS_BUS": "bus",
    "LEADS_TOPIC": "topic",
    "LEADS_ACTIVITY_QUEUE": "activity_queue",
    "LEADS_SPILL_QUEUE": "spill_queue",
    "LEADS_SCORING_SUBSCRIPTION": "scoring_subscription",
    "LEADS_CLOCK_SCHEDULE": "clock_period",
    "LEADS_ID_KEY": "id_key",
    "LEADS_POLICY": "policy",
    "MARKETPLACE_TABLE_STORAGE": "marketplace",
    **dict.fromkeys(FACTS, "facts"),
}


@pytest.mark.parametrize(
    "wrong", ["c4 n4ry?", "@Microsoft.KeyVault(VaultName=c4n4ry)"], ids=["nonsense", "reference"]
)
@pytest.mark.parametrize("name", PARTS)
def test_a_wrong_setting_costs_only_what_needs_it(name: str, wrong: str):
    whole = usable_settings(GOOD | OPTIONAL)
    assert whole.mistakes == {}
    part = usable_settings(GOOD | OPTIONAL | {name: wrong})
    assert list(part.mistakes) == [name]
    lost = {field for field in PARTS.values() if getattr(part, field) != getattr(whole, field)}
    assert (lost, getattr(part, PARTS[name])) == ({PARTS[name]}, None)


def test_the_sample_has_a_key_that_only_an_emulator_may_have():
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    assert sample["LEADS_ID_KEY"] == EXAMPLE_KEY
    local = GOOD | {"LEADS_ID_KEY": EXAMPLE_KEY}
    assert read_settings(local).id_key == Secret(EXAMPLE_KEY.encode())
    rule = "LEADS_ID_KEY must be a secret of your own, not that of the sample, which everybody knows"
    assert problems(local | {"LEADS_STORAGE": "AccountName=contoso;AccountKey=Z29sZGVu"}) == [rule]
    with pytest.raises(InvalidSettings, match="LEADS_ID_KEY"):
        read_settings(local, is_deployment=True)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("LEADS_SPILL_QUEUE", "LEADS_ACTIVITY_QUEUE"),
        ("LEADS_SPILL_QUEUE", "LEADS_TOPIC"),
        ("LEADS_ACTIVITY_QUEUE", "LEADS_TOPIC"),
    ],
)
def test_queues_and_topic_have_names_of_their_own(name: str, other: str):
    taken = GOOD | {name: GOOD[other].upper()}
    assert problems(taken) == [f"{name} must not be the name that {other} has"]
    assert usable_settings(taken).spill_queue == taken["LEADS_SPILL_QUEUE"]  # a push is kept at least


PIECES = [
    "AccountName=contoso",
    "AccountKey=Z29sZGVu",
    "SharedAccessSignature=sig",
    "TableEndpoint=https://contoso.table.core.windows.net",
    "UseDevelopmentStorage=true",
    "DefaultEndpointsProtocol=https",
    "AccountName=",
    "nonsense",
    "Endpoint=sb://contoso.servicebus.windows.net/",
    "SharedAccessKeyName=leads",
    "SharedAccessKey=Z29sZGVu",
    "SharedAccessKey=",
]


@given(st.lists(st.sampled_from(PIECES), unique=True), st.booleans())
async def test_a_connection_string_that_is_taken_makes_a_client(pieces: list[str], is_closed: bool):
    """Otherwise the process couldn't wire anything, and every push would fail."""
    text = ";".join(pieces) + (";" if is_closed else "")
    settings = usable_settings(GOOD | {"LEADS_STORAGE": text, "LEADS_BUS": text})
    if settings.storage is not None:
        TableClient.from_connection_string(settings.storage.address.value, "Leads")
    if settings.bus is not None:
        ServiceBusClient.from_connection_string(settings.bus.address.value)


# Environments that version 0.1.0 (commit 35560d3) read

GOLDEN = json.loads((ROOT / "tests" / "golden" / "35560d3" / "settings.json").read_text())


def hashed(secret: str | bytes) -> str:
    return f"sha256:{hashlib.sha256(secret.encode() if isinstance(secret, str) else secret).hexdigest()}"


def in_golden_form(settings: Settings) -> dict[str, Any]:
    facts, marketplace = settings.facts, settings.marketplace
    return {
        **{name: getattr(settings, name) for name in ("table", "topic", "scoring_subscription")},
        **{name: getattr(settings, name) for name in ("activity_queue", "spill_queue")},
        "storage": hashed(settings.storage.address.value),
        "storage_by_identity": settings.storage.by_identity,
        "bus": hashed(settings.bus.address.value),
        "bus_by_identity": settings.bus.by_identity,
        "clock_period": settings.clock_period.total_seconds(),
        "id_key": hashed(settings.id_key.value),
        "policy": str(settings.policy) if settings.policy else None,
        "facts": facts
        and {
            "url": facts.url,
            "mapping": facts.mapping,
            "headers": {name: hashed(value) for name, value in facts.headers.value.items()},
            "budget": facts.budget.total_seconds(),
        },
        "marketplace": hashed(marketplace.address.value) if marketplace else None,
        "marketplace_by_identity": bool(marketplace and marketplace.by_identity),
    }


@pytest.mark.parametrize("name", GOLDEN)
def test_an_environment_of_an_earlier_version_gives_the_settings_that_it_gave(
    name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(ROOT)  # its policy is a path from there
    assert in_golden_form(read_settings(GOLDEN[name]["environment"])) == GOLDEN[name]["settings"]
