"""The gold files, labelled without a look at the code: facts are right as often as we promise."""

import pytest

from bench.enrichment import accuracies, gold, judged_title, titles_by_kind, wrongly_private

PROMISED = {
    "rank": 0.95,
    "department": 0.92,
    "country": 0.99,
    "e-mail validity": 0.99,
    "e-mail kind": 0.99,
    "e-mail domain": 0.99,
    "role account": 0.97,
    "typo suggestion": 0.97,
    "company pairs (F1)": 0.98,
    "phone": 1.0,
}
LANGUAGES = {"en", "de", "fr", "es", "pt", "it", "nl", "pl", "ja", "zh", "id", "sv", "tr"}


@pytest.mark.parametrize(
    "kind", ["", "_unseen"], ids=["rows known to the authors", "rows that nobody tuned on"]
)
def test_facts_are_as_right_as_promised(kind: str):
    measured = {name: (share, rows) for name, share, rows in accuracies(kind)}
    assert measured.keys() == PROMISED.keys()
    assert {name: share for name, (share, _) in measured.items() if share < PROMISED[name]} == {}
    assert all(rows >= 80 for _, rows in measured.values())


@pytest.mark.parametrize("kind", ["", "_unseen"])
def test_no_firm_is_called_a_free_or_disposable_mailbox(kind: str):
    assert wrongly_private(kind) == []


def test_there_are_titles_of_every_language_and_enough_of_them():
    rows = gold("titles")
    assert len(rows) >= 300
    assert {row["language"] for row in rows} == LANGUAGES
    seen = {row["title"].casefold() for row in rows}
    assert not seen & {row["title"].casefold() for row in gold("titles_unseen")}


def test_titles_that_nobody_tuned_on_are_read_as_well_as_promised():
    measured = {name: shares for name, *shares in titles_by_kind("_unseen")}
    rank, department, _, rows = measured["all"]
    assert (rank >= PROMISED["rank"], department >= PROMISED["department"]) == (True, True)
    assert rows >= 100


def test_titles_of_the_field_are_read_right_row_by_row():
    wrong = [row for row in gold("titles_field") if judged_title(row)[:2] != (True, True)]
    assert wrong == []


def test_there_are_titles_of_the_field_in_every_language_and_of_every_kind():
    rows = {kind: gold(f"titles_field{kind}") for kind in ("", "_unseen")}
    seen, unseen = ({row["title"].casefold() for row in each} for each in rows.values())
    assert not seen & unseen
    assert {row["kind"] for row in rows["_unseen"]} <= {row["kind"] for row in rows[""]}
    assert len({row["kind"] for row in rows[""] if row["kind"][0].isupper()}) >= 19
