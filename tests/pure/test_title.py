"""Job titles: the rank where the words are plain."""

import pytest

from shared.enrichment.facts import PersonFacts
from shared.enrichment.title import person_facts


@pytest.mark.parametrize(
    ("rank", "titles"),
    [
        (
            "owner",
            ["Owner", "Founder", "Co-Founder & CEO", "Cofounder", "CTO/Founder", "Inhaberin", "Fundadora"],
        ),
        (
            "c_level",
            ["CEO", "cto", "Chief Technology Officer", "President", "Geschäftsführerin", "Managing Director"],
        ),
        ("c_level", ["CISO", "CMO", "Deputy CEO", "PDG"]),
        ("vp", ["VP", "Vice President", "Senior Vice-President of Sales", "SVP, Sales", "EVP"]),
        ("director", ["IT Director", "Head of Infrastructure", "Directrice", "Diretor de TI", "Leiter IT"]),
        (
            "manager",
            ["Engineering Manager", "Team Lead", "Supervisor", "Gerente de TI", "Product Marketing Manager"],
        ),
        (
            "professional",
            ["Engineer", "Software Architect", "Data Scientist", "Consultant", "IT Administrator"],
        ),
        ("assistant", ["Assistant", "Secretary", "Sekretärin", "Intern"]),
        (
            "unknown",
            [
                "Esquire",
                "Student",
                "Retired",
                "-",
                "エンジニア",
                "Internal Auditor",
                "Homeowner",
                "Coordinator",
            ],
        ),
    ],
)
def test_a_title_tells_its_rank_where_its_words_are_plain(rank: str, titles: list[str]):
    assert {title: person_facts(title).rank for title in titles} == dict.fromkeys(titles, rank)


@pytest.mark.parametrize(
    ("title", "rank"),
    [
        pytest.param("Product Owner", "professional", id="owns a backlog, not the company"),
        pytest.param("Senior Product Owner", "professional", id="likewise"),
        pytest.param("Process Owner", "professional", id="likewise"),
        pytest.param("Account Executive", "professional", id="sells, is no executive"),
        pytest.param("Key Account Manager", "professional", id="manages accounts, not people"),
        pytest.param("Project Manager", "professional", id="manages projects, not people"),
        pytest.param("Office Manager", "professional", id="manages an office"),
        pytest.param("Assistant to the CEO", "assistant", id="is not the CEO"),
        pytest.param("Executive Assistant", "assistant", id="is no executive"),
        pytest.param("Director's Secretary", "assistant", id="is no director"),
        pytest.param("Vice President", "vp", id="is not the president"),
        pytest.param("Managing Director", "c_level", id="is more than a director"),
    ],
)
def test_a_title_that_looks_like_a_higher_one_is_not_it(title: str, rank: str):
    assert person_facts(title).rank == rank
    assert person_facts(f"  {title.upper()} ").rank == rank


@pytest.mark.parametrize(
    ("title", "rank"),
    [
        pytest.param("Product-Owner", "professional", id="a hyphen for a blank"),
        pytest.param("Account-Executive", "professional", id="likewise"),
        pytest.param("Head-of-IT", "director", id="likewise"),
        pytest.param("Vice\u00a0 President", "vp", id="blanks of other kinds"),
        pytest.param("Gescha\u0308ftsfu\u0308hrer", "c_level", id="accents apart"),
        pytest.param("\uff23\uff25\uff2f", "c_level", id="full width"),
    ],
)
def test_a_title_means_the_same_however_it_is_typed(title: str, rank: str):
    assert person_facts(title).rank == rank


@pytest.mark.parametrize("title", [None, "", " "])
def test_no_title_tells_nothing(title: str | None):
    assert person_facts(title) == PersonFacts()
