"""What programs learn of a stack that runs."""

import json
from pathlib import Path

import pytest

from local.cli.running_stack import NoStack, told_by_stack


def test_a_running_stack_tells_where_it_is(tmp_path: Path):
    (tmp_path / "stack.json").write_text(json.dumps({"bus": "there"}))
    assert told_by_stack(tmp_path, "bus", "another") == "there"


def test_where_none_runs_it_is_said_what_to_do(tmp_path: Path):
    with pytest.raises(NoStack, match=r"No stack runs here: .* or a bus with --bus"):
        told_by_stack(tmp_path, "bus", "a bus with --bus")


@pytest.mark.parametrize("content", ["", "[]", "{}"])
def test_a_broken_description_is_named(tmp_path: Path, content: str):
    (tmp_path / "stack.json").write_text(content)
    with pytest.raises(NoStack, match="doesn't say `bus`: start the stack again"):
        told_by_stack(tmp_path, "bus", "a bus with --bus")
