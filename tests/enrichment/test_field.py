"""What went wrong in the field, with its right value: every row of `tests/gold/field`, see its kinds."""

from pathlib import Path

import pytest

from bench.enrichment import GOLD
from shared.enrichment.company import company_key, names_no_company
from shared.enrichment.country import country_code
from shared.enrichment.language import note_language
from shared.enrichment.phone import phone_facts
from shared.enrichment.title import person_facts

FIELD = GOLD / "field"


def rows(file: Path, *columns: str):
    """The rows of a file, as parameters."""
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    names = lines[0].split("\t")
    read = [dict(zip(names, line.split("\t"), strict=False)) for line in lines[1:]]
    return [
        pytest.param(*(row.get(name, "") for name in columns), id=f"{file.stem}:{number}")
        for number, row in enumerate(read, 2)
    ]


def fits(value, wanted: str) -> bool:
    """`|` lists what is acceptable; an empty choice: nothing may be said."""
    return (value or "") in wanted.split("|")


@pytest.mark.parametrize(("raw", "country", "e164"), rows(FIELD / "phones.tsv", "raw", "country", "e164"))
def test_a_phone_number_is_its_own_countrys_or_none(raw, country, e164):
    assert fits(phone_facts(raw, country or None).e164, e164)


@pytest.mark.parametrize(("raw", "iso2"), rows(FIELD / "countries.tsv", "raw", "iso2"))
def test_a_country_is_the_one_that_is_meant_or_none(raw, iso2):
    assert fits(country_code(raw), iso2)


@pytest.mark.parametrize(
    ("name_a", "name_b", "same"), rows(FIELD / "companies.tsv", "name_a", "name_b", "same")
)
def test_two_names_have_one_key_if_they_are_one_firms(name_a, name_b, same):
    assert (company_key(name_a) == company_key(name_b)) is (same == "1")


@pytest.mark.parametrize(("name", "names_a_firm"), rows(FIELD / "company_named.tsv", "name", "names_a_firm"))
def test_what_a_machine_left_names_no_firm(name, names_a_firm):
    assert names_no_company(name) is (names_a_firm == "0")


@pytest.mark.parametrize(
    ("title", "rank", "department"),
    [
        *rows(FIELD / "titles.tsv", "title", "rank", "department"),
        *rows(GOLD / "titles_further.tsv", "title", "rank", "department"),
    ],
)
def test_a_title_says_its_rank_and_department(title, rank, department):
    facts = person_facts(title)
    assert not rank or fits(facts.rank, rank)
    assert not department or fits(facts.department, department)


@pytest.mark.parametrize(("note", "language"), rows(FIELD / "languages.tsv", "note", "language"))
def test_a_clear_sentence_has_a_language_and_noise_has_none(note, language):
    assert fits(note_language(note), language)
