"""The policy file: what it may say, and how it says what is wrong."""

from pathlib import Path

import pytest

from shared.policy.load import InvalidPolicy, load_policy, parse_policy


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x = " + "1" * 5000, id="a number too long for Python"),
        pytest.param("x = " + "[" * 50_000, id="nested too deep for Python"),
    ],
)
def test_a_text_that_no_parser_can_hold_is_an_invalid_policy(text: str):
    with pytest.raises(InvalidPolicy, match="isn't TOML"):
        parse_policy(text)


def test_a_file_may_begin_with_the_mark_of_windows_editors(tmp_path: Path):
    file = tmp_path / "policy.toml"
    file.write_text('[follow_up]\ntarget = "1h"\n', encoding="utf-8-sig")
    assert load_policy(file).follow_up.target.total_seconds() == 3600


@pytest.mark.parametrize("written", ["\uff13h", "٣h", "1h\n"])
def test_a_duration_has_plain_figures_only(written: str):
    with pytest.raises(InvalidPolicy, match=r"needs a duration .* at `\$\.follow_up\.target`"):
        parse_policy(f"[follow_up]\ntarget = '''{written}'''")
