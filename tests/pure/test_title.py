"""Job titles: the rank where the words are plain."""

import pytest

from shared.enrichment.title import person_facts


@pytest.mark.parametrize(
    ("title", "rank"),
    [
        pytest.param("Product-Owner", "professional", id="a hyphen for a blank"),
        pytest.param("Account-Executive", "professional", id="likewise"),
        pytest.param("Head-of-IT", "director", id="likewise"),
        pytest.param("Process Owner", "professional", id="owns a process, not the company"),
        pytest.param("Gescha\u0308ftsfu\u0308hrer", "c_level", id="accents apart"),
        pytest.param("\uff23\uff25\uff2f", "c_level", id="full width"),
    ],
)
def test_a_title_means_the_same_however_it_is_typed(title: str, rank: str):
    assert person_facts(title).rank == rank
