"""`dev.py settings check`: every mistake of a deployment by name, never a value."""

import io
import json
import sys

import pytest

from local.cli import settings as command
from shared.settings import EXAMPLE_KEY
from tests.conftest import ROOT

CANARY = "c4n4ry"
RIGHT = {
    "FUNCTIONS_WORKER_RUNTIME": "python",
    "LEADS_STORAGE__tableServiceUri": "https://contoso.table.core.windows.net",
    "LEADS_TABLE": "Leads",
    "LEADS_BUS__fullyQualifiedNamespace": "contoso.servicebus.windows.net",
    "LEADS_TOPIC": "leads",
    "LEADS_SCORING_SUBSCRIPTION": "scoring",
    "LEADS_ACTIVITY_QUEUE": "activity",
    "LEADS_SPILL_QUEUE": "spill",
    "LEADS_CLOCK_SCHEDULE": "0 * * * * *",
    "LEADS_ID_KEY": f"{CANARY}, a key of the tests",
}


@pytest.fixture
def checked(monkeypatch, capsys, tmp_path):
    """Runs the command on settings in one of its forms: exit code and what it said."""

    def check(settings, form="object"):
        arguments = []
        if form == "environment":
            for name in [*RIGHT, "LEADS_STORAGE", "LEADS_BUS"]:
                monkeypatch.delenv(name, raising=False)
            for name, value in settings.items():
                monkeypatch.setenv(name, value)
        else:
            text = json.dumps(FORMS[form](settings))
            arguments = ["-" if form == "standard input" else str(tmp_path / "given.json")]
            (tmp_path / "given.json").write_text(text, encoding="utf-8-sig")
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        monkeypatch.setattr(sys, "argv", ["dev.py settings", "check", *arguments])
        code = command.main()
        said = capsys.readouterr()
        assert CANARY not in said.out + said.err
        return code, said.out

    return check


FORMS = {
    "object": dict,
    "local.settings.json": lambda settings: {"IsEncrypted": False, "Values": settings},
    "az": lambda settings: [
        {"name": name, "slotSetting": False, "value": value} for name, value in settings.items()
    ],
    "standard input": lambda settings: [{"name": name, "value": value} for name, value in settings.items()],
}


@pytest.mark.parametrize("form", [*FORMS, "environment"])
def test_settings_are_right_or_wrong_in_every_form(checked, form):
    assert checked(RIGHT, form) == (0, "The settings are right.\n")
    code, said = checked(RIGHT | {"LEADS_TABLE": f"{CANARY}!", "LEADS_SPILL_QUEUE": ""}, form)
    assert code == 1
    assert said.splitlines() == [
        "The settings are wrong: 2 mistakes.",
        "  LEADS_TABLE must be 3 to 63 letters and digits, a letter first, but not `tables`",
        "  LEADS_SPILL_QUEUE is missing",
    ]


REFERENCES = [
    f"@Microsoft.KeyVault(VaultName={CANARY};SecretName=id-key)",
    f"@microsoft.keyvault(SecretUri=https://{CANARY}.vault.azure.net/secrets/id-key)",
    f"@Microsoft.AppConfiguration(Endpoint=https://{CANARY}.azconfig.io; Key=x)",
]
EVERY_SETTING = [
    *json.loads((ROOT / "local.settings.sample.json").read_text())["Values"],
    "LEADS_DESTINATION_CRM_X_SECRET",
]


@pytest.mark.parametrize("name", EVERY_SETTING)
@pytest.mark.parametrize("reference", REFERENCES)
def test_a_reference_that_is_not_resolved_is_refused_for_every_setting(checked, name, reference):
    facts = {"LEADS_FACTS_URL": "https://facts.contoso.com/{domain}", "LEADS_FACTS_MAP": "a=b"}
    code, said = checked(RIGHT | facts | {name: reference})
    assert code == 1
    assert f"  {name} is a reference that isn't resolved" in said
    unnamed = [line for line in said.splitlines()[1:] if name not in line]
    assert unnamed == []


def test_the_key_of_the_sample_is_refused_even_beside_an_emulator(checked):
    emulator = {"LEADS_STORAGE": "UseDevelopmentStorage=true", "LEADS_STORAGE__tableServiceUri": ""}
    for storage in ({}, emulator):
        code, said = checked(RIGHT | storage | {"LEADS_ID_KEY": EXAMPLE_KEY})
        assert (code, said.count("LEADS_ID_KEY must be a secret of your own")) == (1, 1)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        (
            {"LEADS_SPILL_QUEUE": "Activity"},
            "LEADS_SPILL_QUEUE must not be the name that LEADS_ACTIVITY_QUEUE has",
        ),
        ({"LEADS_ACTIVITY_QUEUE": "leads"}, "LEADS_ACTIVITY_QUEUE must not be the name that LEADS_TOPIC has"),
        ({"LEADS_SPILL_QUEUE": "leads"}, "LEADS_SPILL_QUEUE must not be the name that LEADS_TOPIC has"),
    ],
)
def test_one_name_for_two_entities_of_the_bus_is_refused(checked, changes, named):
    code, said = checked(RIGHT | changes)
    assert (code, said.splitlines()[1:]) == (1, [f"  {named}"])


def test_a_wrong_policy_is_counted_and_not_quoted(checked, tmp_path):
    policy = tmp_path / "policy.toml"
    policy.write_text(f'[follow_up]\ntarget = "{CANARY}"\ncalendar = "{CANARY}"\n')
    code, said = checked(RIGHT | {"LEADS_POLICY": str(policy)})
    assert (code, "LEADS_POLICY names a policy with" in said) == (1, True)
    policy.write_text("")
    assert checked(RIGHT | {"LEADS_POLICY": str(policy)})[0] == 0


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", '"LEADS"', '{"Values": 3}', '[{"value": "c4n4ry"}]', "\ud800", "[" * 100_000]
)
def test_what_isnt_settings_ends_with_2_and_a_sentence(monkeypatch, capsys, tmp_path, text):
    file = tmp_path / "given.json"
    file.write_bytes(text.encode(errors="surrogatepass"))
    monkeypatch.setattr(sys, "argv", ["dev.py settings", "check", str(file)])
    assert command.main() == 2
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n"), CANARY in said.err) == ("", 1, False)


def test_a_file_that_isnt_there_ends_with_2(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["dev.py settings", "check", str(tmp_path / "none.json")])
    assert (command.main(), "can't be read" in capsys.readouterr().err) == (2, True)


@pytest.mark.parametrize("arguments", [[], ["chek"], ["check", "a", "b"]])
def test_a_wrong_use_ends_with_2(monkeypatch, capsys, arguments):
    monkeypatch.setattr(sys, "argv", ["dev.py settings", *arguments])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert (end.value.code, "usage: dev.py settings" in capsys.readouterr().err) == (2, True)


def test_help_names_the_forms_and_the_exit_codes(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["dev.py settings", "check", "--help"])
    with pytest.raises(SystemExit):
        command.main()
    said = capsys.readouterr().out
    assert all(words in said for words in ("local.settings.json", "az functionapp", "Exit code", "`-`"))
