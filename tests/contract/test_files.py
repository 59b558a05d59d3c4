"""The files in docs/ are what the code says; one command writes them, and tells which differ."""

import json

import pytest
from jsonschema import Draft202012Validator

from local.cli.contracts import __main__ as command
from shared.leads.events import EventType


def test_the_files_are_what_the_code_says(capsys):
    code = command.main(["--check"])
    assert (code, capsys.readouterr().out) == (0, "")


@pytest.mark.parametrize("type_", EventType)
def test_there_is_a_schema_for_each_type(type_):
    schema = json.loads((command.DOCS / "schemas" / f"{type_}.json").read_text())
    Draft202012Validator.check_schema(schema)
    assert schema["title"] == type_


def test_the_command_tells_which_file_differs_or_is_of_nothing_and_fails(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command, "DOCS", tmp_path)
    monkeypatch.setattr(command, "FILES", {"one.json": dict, "schemas/lead.scored.json": dict})
    assert command.main([]) == 0
    assert command.main(["--check"]) == 0
    (tmp_path / "one.json").write_text("edited")
    (tmp_path / "schemas" / "lead.gone.json").write_text("{}")
    capsys.readouterr()
    assert command.main(["--check"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in said] == ["one.json", "schemas/lead.gone.json"]
    assert (tmp_path / "one.json").read_text() == "edited"
