"""The bare function repeats what the app wrote and sent, under ids of its own; pushes differ."""

import itertools
import json
import zipfile

import pytest

from bench.cost.bare_app.function_app import message_for, rows_for
from bench.cost.package_size import deployed_files, zipped_size
from bench.cost.pushes import bodies
from bench.cost.sample import partition_of
from bench.processes import BenchFailed

OLD, NEW = "a" * 24, "b" * 24


def test_rows_name_the_new_lead_and_keep_their_size():
    rows = [
        {"PartitionKey": "0", "RowKey": f"lead!{OLD}", "json0": f'{{"id": "{OLD}"}}', "touches": 1},
        {"PartitionKey": "0", "RowKey": f"event!{OLD}!00000001", "test": False},
        {"PartitionKey": "0", "RowKey": f"once!{'c' * 40}"},
    ]
    made = rows_for(rows, OLD, NEW, "f")
    assert made == [
        {"PartitionKey": "f", "RowKey": f"lead!{NEW}", "json0": f'{{"id": "{NEW}"}}', "touches": 1},
        {"PartitionKey": "f", "RowKey": f"event!{NEW}!00000001", "test": False},
        {"PartitionKey": "f", "RowKey": f"once!{'c' * 16}{NEW}"},
    ]
    assert len(json.dumps(made)) == len(json.dumps(rows))


def test_a_message_is_about_the_new_lead():
    sample = {
        "body": json.dumps({"lead": {"id": OLD}}),
        "messageId": f"{OLD}.1",
        "sessionId": OLD,
        "subject": "lead.received",
        "contentType": "application/json",
        "properties": {"cloudEvents_subject": OLD, "test": False},
    }
    made = message_for(sample, OLD, NEW)
    assert json.loads(b"".join(made.body)) == {"lead": {"id": NEW}}
    assert (made.message_id, made.session_id, made.subject) == (f"{NEW}.1", NEW, "lead.received")
    assert made.application_properties == {"cloudEvents_subject": NEW, "test": False}


def test_a_lead_is_where_most_rows_name_it():
    rows = [{"PartitionKey": "owners", "RowKey": f"seat!{OLD}"}]
    rows += [{"PartitionKey": "7", "RowKey": key} for key in (f"lead!{OLD}", f"event!{OLD}!00000001")]
    assert partition_of(OLD, rows) == "7"
    with pytest.raises(BenchFailed, match="No row"):
        partition_of(NEW, rows)


def test_pushes_do_not_repeat_a_person():
    leads = [json.loads(body)["UserDetails"]["Email"] for body in itertools.islice(bodies(), 100)]
    assert len({*leads, json.loads(next(bodies()))["UserDetails"]["Email"]}) == 101


def test_a_package_is_measured_without_compiled_files(tmp_path):
    folder = tmp_path / "packages"
    (folder / "six" / "__pycache__").mkdir(parents=True)
    (folder / "six" / "__init__.py").write_text("x" * 10_000)
    (folder / "six" / "__pycache__" / "six.pyc").write_text("x")
    files = deployed_files(folder)
    assert files == [folder / "six" / "__init__.py"]
    assert 0 < zipped_size(files, folder) < 1_000
    with zipfile.ZipFile(tmp_path / "packages.zip") as archive:
        assert archive.namelist() == ["six/__init__.py"]
