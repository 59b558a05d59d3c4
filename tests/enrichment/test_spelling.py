"""The distance of a misspelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.enrichment.spelling import edit_distance
from tests.strategies import examples

WORDS = st.text("abc", max_size=7)


def by_definition(written: str, meant: str) -> int:
    """The optimal string alignment distance, straight from its recursion."""
    if not written or not meant:
        return len(written) + len(meant)
    choices = [
        by_definition(written[:-1], meant) + 1,
        by_definition(written, meant[:-1]) + 1,
        by_definition(written[:-1], meant[:-1]) + (written[-1] != meant[-1]),
    ]
    if len(written) > 1 and len(meant) > 1 and written[-2:] == meant[-1] + meant[-2]:
        choices.append(by_definition(written[:-2], meant[:-2]) + 1)
    return min(choices)


@pytest.mark.parametrize(
    ("written", "distance"),
    [
        pytest.param("germany", 0, id="as it should be"),
        pytest.param("grmany", 1, id="one missing"),
        pytest.param("gerrmany", 1, id="one doubled"),
        pytest.param("germamy", 1, id="one wrong"),
        pytest.param("gremany", 1, id="two swapped"),
        pytest.param("gremny", 2, id="two swapped, one missing"),
        pytest.param("", 3, id="nothing: more than counts"),
        pytest.param("bolivia", 3, id="another"),
    ],
)
def test_the_distance_is_counted_up_to_the_limit(written: str, distance: int):
    assert edit_distance(written, "germany", 2) == distance


@given(WORDS, WORDS, st.integers(0, 3))
@examples(400)
def test_the_distance_is_what_the_definition_says(written: str, meant: str, most: int):
    assert edit_distance(written, meant, most) == min(by_definition(written, meant), most + 1)
