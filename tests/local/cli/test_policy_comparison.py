"""Two policies compared, and the command that prints it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.cli.policy_comparison import Compared, picture, report
from shared.leads.score import LedgerLine, Score
from tests.conftest import ROOT
from tests.samples import FILES, NOW, push_body, scoring_policy, with_rule


def a_score(total: int, grade: str, *rules: str, qualified: bool = False) -> Score:
    ledger = tuple(LedgerLine(rule=rule, points=total // len(rules), because="so") for rule in rules)
    return Score(
        total=total, grade=grade, fit=total, intent=0, confidence=1.0, qualified=qualified, model="m",
        ledger=ledger, scored_at=NOW,
    )  # fmt: skip


def test_the_report_has_who_moves_and_why_the_largest_change_first():
    compared = [
        Compared("stays", a_score(50, "B2", "a"), a_score(51, "B2", "a")),
        Compared("falls", a_score(50, "B2", "a"), a_score(40, "C2", "a")),
        Compared("rises", a_score(10, "D4", "a"), a_score(60, "A1", "b", qualified=True)),
        Compared("crosses", a_score(50, "B2", "a"), a_score(50, "B2", "a", qualified=True)),
    ]
    lines = list(report(compared, 2))
    assert lines[0] == "3 of 4 leads change their grade, or whether they are qualified."
    assert lines[1].split() == ["rises", "10", "D4", "->", "60", "A1", "qualified", "b", "+60,", "a", "-10"]
    assert lines[2].startswith("  falls")
    assert lines[3] == "  ... and 1 more (--show N)"
    assert lines[-1] == "new: 2 qualified; fit A 1, B 2, C 1, D 0"


def test_the_picture_has_a_bar_for_every_ten_points_and_the_longest_is_whole():
    lines = list(picture([0, 5, 95, 100], [55]))
    assert len(lines) == 11
    assert lines[1].split() == ["90-100", "█" * 30, "2"]
    assert lines[10].split() == ["0-9", "█" * 30, "2"]
    assert lines[5].split() == ["50-59", "█" * 15, "1"]


def test_a_picture_of_nothing_is_empty_and_no_error():
    assert all("█" not in line for line in picture([], []))


def run(*args: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local.cli.policy", *(str(arg) for arg in args)]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False)


def test_check_prints_what_a_valid_file_contains(tmp_path: Path):
    file = tmp_path / "policy.toml"
    file.write_text(with_rule())
    done = run("check", file)
    assert (done.returncode, done.stderr) == (0, "")
    assert "valid. Version " in done.stdout
    assert "model mine: 1 rules, for all other leads, qualified from 50" in done.stdout


def test_check_prints_a_line_for_every_mistake(tmp_path: Path):
    file = tmp_path / "policy.toml"
    file.write_text('[clock]\nattempts = 0\nfirst_pause = "soon"\n' + with_rule(points="500"))
    done = run("check", file)
    assert done.returncode == 1
    title, *mistakes = done.stderr.splitlines()
    assert title == f"{file} is invalid: 3 mistakes."
    assert [line.rpartition("`")[0] + "`" for line in mistakes] == [
        "  `clock.attempts`",
        "  `clock.first_pause`",
        "  rule `one` of model `mine`: `scoring.models.0.rules.0.points`",
    ]


def test_check_lists_a_hundred_mistakes_and_counts_the_others(tmp_path: Path):
    file = tmp_path / "policy.toml"
    file.write_text("\n".join(f"k{number} = 1" for number in range(103)))
    lines = run("check", file).stderr.splitlines()
    assert lines[0] == f"{file} is invalid: 103 mistakes."
    assert lines[100].startswith("  `k99` ")
    assert lines[101:] == ["  ... and 3 more"]


def test_compare_shows_samples_by_both_policies(tmp_path: Path):
    file, lines = tmp_path / "policy.toml", tmp_path / "pushes.jsonl"
    file.write_text(scoring_policy())
    lines.write_text(
        "\n".join(json.dumps(push_body({"FirstName": f"Ada {number}"})) for number in range(3)) + "\n"
    )
    done = run("compare", "shipped", file, "--sample", lines, FILES / min(p.name for p in FILES.iterdir()))
    assert (done.returncode, done.stderr) == (0, "")
    assert "4 of 4 leads change their grade" in done.stdout
    assert "pushes.jsonl:2" in done.stdout
    assert "new: 0 qualified; fit A 0, B 0, C 0, D 4" in done.stdout


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("check", "missing.toml"), "can't be read"),
        (("compare", "shipped", "missing.toml"), "can't be read"),
        (("compare", "shipped", "shipped", "--sample", "missing.json"), "No such file"),
        (("compare", "shipped", "shipped", "--sample", "README.md"), "README.md"),
        (("compare", "shipped", "shipped", "--data", "nowhere"), "No stack runs here"),
    ],
)
def test_what_is_missing_is_named_in_a_sentence(args: tuple[str, ...], says: str):
    done = run(*args)
    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr
