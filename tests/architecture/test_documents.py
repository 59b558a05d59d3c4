"""What the documents show is true: links lead somewhere, policies are valid, the sample adds up."""

import json
import re
import subprocess
import tomllib

import pytest

from shared.policy.load import SHIPPED, parse_policy
from tests.conftest import ROOT

README = ROOT / "README.md"
MANUAL = ROOT / "docs"
LONGEST_README = 150  # lines: the product on a page, the manual in docs/
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def documents():
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    return [path for name in listed.stdout.splitlines() if (path := ROOT / name).exists()]


def fenced(path, language):
    return [text for fence, text in FENCE.findall(path.read_text()) if fence == language]


def anchors(path):
    """As GitHub makes them: lower case, punctuation off, blanks to hyphens."""
    texts = HEADING.findall(FENCE.sub("", path.read_text()))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


def broken_links(path):
    for link in LINK.findall(FENCE.sub("", path.read_text())):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in anchors(target)):
            yield f"{path.name}: {link}"


def test_every_link_inside_the_documents_leads_somewhere():
    found = documents()

    assert {README, ROOT / "CHANGELOG.md", MANUAL / "operations.md"} <= set(found)
    assert [link for path in found for link in broken_links(path)] == []


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("[a](there.md) [b](there.md#the-end-of-it) [c](#here) [d](https://contoso.com/#x)", []),
        ("[a](nowhere.md)", ["here.md: nowhere.md"]),
        ("[a](there.md#nowhere)", ["here.md: there.md#nowhere"]),
        ("[a](#nowhere)", ["here.md: #nowhere"]),
    ],
)
def test_a_link_that_leads_nowhere_is_found(tmp_path, text, broken):
    (tmp_path / "there.md").write_text("## The end, of `it`\n")
    (tmp_path / "here.md").write_text(f"# Here\n\n{text}\n")

    assert list(broken_links(tmp_path / "here.md")) == broken


def test_the_readme_is_a_page():
    assert len(README.read_text().splitlines()) <= LONGEST_README


def test_the_lead_in_the_readme_adds_up_by_rules_of_the_shipped_policy():
    (model,) = tomllib.loads(SHIPPED.read_text())["scoring"]["models"]
    rules = {rule["name"]: rule for rule in model["rules"]}

    score = json.loads(fenced(README, "json")[0])["score"]

    assert sum(line["points"] for line in score["ledger"]) == score["total"]
    assert [
        line
        for line in score["ledger"]
        if (line["points"], line["because"])
        != (rules[line["rule"]]["points"], rules[line["rule"]]["because"])
    ] == []


@pytest.mark.parametrize("path", [README, MANUAL / "policy.md"], ids=lambda path: path.name)
def test_every_policy_in_the_documents_is_valid_or_a_part_of_the_shipped_one(path):
    shown = fenced(path, "toml")

    assert shown
    for text in shown:
        if text.startswith("[[scoring.models.rules]]"):
            assert text in SHIPPED.read_text() or parse_policy(SHIPPED.read_text() + text)
        else:
            parse_policy(text)


def test_the_table_of_settings_names_every_setting_of_the_sample_and_no_other():
    sample = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    of_the_platform = {"FUNCTIONS_WORKER_RUNTIME", "AzureWebJobsStorage"}

    named = re.findall(r"^\| `(\w+)` \|", (MANUAL / "operations.md").read_text(), re.MULTILINE)

    assert set(named) == sample.keys() - of_the_platform
    assert len(named) == len(set(named))


def test_the_readme_quotes_the_figures_of_the_reliability_page():
    page = (MANUAL / "reliability.md").read_text()
    cells = dict(re.findall(r"^\| ([^|]+?) \| ([^|]+ \| [^|]+?) \|", page, re.MULTILINE))
    (acknowledged, _), (ours, naive), (kills, _) = (
        next(row.split(" | ") for name, row in cells.items() if name.startswith(what))
        for what in ("acknowledged with 202", "**acknowledged and lost**", "processes killed")
    )

    said = " ".join(README.read_text().split())

    assert ours == "0"
    assert f"with {kills} killed processes, the desk lost none of {acknowledged} acknowledged pushes" in said
    assert f"lost {naive} at the same fault rates" in said
