"""Who the function keys let in."""

import json
from pathlib import Path

import pytest

from local.emulators.functions.errors import StartError
from local.emulators.functions.keys import AuthLevel, Keys, read_keys

KEYS = Keys(
    "the-master", {"default": "host-1", "spare": "host-2"}, {"push": {"default": "push-1", "next": "push-2"}}
)


@pytest.mark.parametrize(
    ("presented", "anonymous", "push", "other", "admin"),
    [
        (None, True, False, False, False),
        ("", True, False, False, False),
        ("wrong", True, False, False, False),
        ("PUSH-1", True, False, False, False),
        ("push-1", True, True, False, False),
        ("push-2", True, True, False, False),  # so that a key can be rotated without loss
        ("host-1", True, True, True, False),
        ("host-2", True, True, True, False),
        ("the-master", True, True, True, True),
        ("schlüssel", True, False, False, False),
    ],
)
def test_a_key_opens_exactly_this(
    presented: str | None, anonymous: bool, push: bool, other: bool, admin: bool
):
    assert KEYS.open_function(presented, "push", AuthLevel.ANONYMOUS) is anonymous
    assert KEYS.open_function(presented, "push", AuthLevel.FUNCTION) is push
    assert KEYS.open_function(presented, "other", AuthLevel.FUNCTION) is other
    assert KEYS.open_function(presented, "push", AuthLevel.ADMIN) is admin
    assert KEYS.open_admin(presented) is admin


def test_keys_do_not_show_in_a_log():
    assert repr(KEYS) == "Keys()"


def test_a_keys_file_is_read(tmp_path: Path):
    path = tmp_path / "keys.json"
    path.write_text(
        json.dumps({"master": "m", "host": {"default": "h"}, "functions": {"f": {"default": "k"}}})
    )
    assert read_keys(path) == Keys("m", {"default": "h"}, {"f": {"default": "k"}})


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        '{"master": ""}',
        '{"master": 1}',
        '{"master": "m", "host": "h"}',
        '{"master": "m", "host": {"default": ""}}',
        '{"master": "m", "functions": []}',
        '{"master": "m", "functions": {"f": "k"}}',
        '{"master": "m", "functions": {"f": {"default": null}}}',
    ],
)
def test_a_keys_file_of_another_form_is_refused_without_showing_a_key(tmp_path: Path, content: str):
    path = tmp_path / "keys.json"
    path.write_text(content)
    with pytest.raises(StartError, match=r"keys\.json"):
        read_keys(path)


def test_a_missing_keys_file_is_an_error(tmp_path: Path):
    with pytest.raises(StartError, match="can't read the keys file"):
        read_keys(tmp_path / "none.json")
