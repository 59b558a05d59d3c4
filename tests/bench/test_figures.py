"""Ratios and tables of what was measured."""

import pytest

from bench.figures import Quantity, ratio, table
from bench.scoring_against import rates


def test_a_ratio_is_the_median_of_pairs_so_that_a_slow_turn_slows_both():
    assert ratio([110, 1100, 120], [100, 1000, 100]) == pytest.approx(1.1)


@pytest.mark.parametrize("below", [[], [1.0]])
def test_values_that_are_no_pairs_have_no_ratio(below):
    with pytest.raises(ValueError, match="zip"):
        ratio([1.0, 2.0], below)


def test_one_checkout_is_shown_beside_its_peer():
    quantities = [Quantity("app", "ms", peer="bare", bound="at most 1.35"), Quantity("bare", "ms", digits=1)]
    measured = {("here", "app"): [12.0, 10.0, 14.0], ("here", "bare"): [10.0, 10.0, 10.0]}
    assert table(quantities, ["here"], measured).splitlines() == [
        "            checkout   min  median   max  x peer",
        "  app, ms   here        10      12    14    1.20  (wanted: at most 1.35)",
        "  bare, ms  here      10.0    10.0  10.0",
    ]


def test_two_checkouts_are_shown_beside_each_other():
    measured = {("old", "size"): [2000.0], ("new", "size"): [2100.0]}
    assert table([Quantity("size", "MB")], ["old", "new"], measured).splitlines() == [
        "            checkout    min  median    max  x old",
        "  size, MB  old       2,000   2,000  2,000",
        "            new       2,100   2,100  2,100   1.05",
    ]


def test_the_rates_of_the_scoring_bench_are_read_by_name():
    printed = (
        "scoring: leads a second\n\n"
        "2000 leads, 10 rules, the same totals and lines; middle of 7 rounds (range)\n"
        "  ours                             20,123/s   (19,000 - 21,000)\n"
        "  json-rules-engine@7.3.1           1,234/s   (1,100 - 1,300)\n"
        "  ratio to the better of them  16.3 x (wanted: 3 x)\n"
        "  shipped policy, 4 interactions     9,876/s   (9,000 - 9,900)\n"
    )
    assert rates(printed) == {
        "ours": 20123,
        "json-rules-engine@7.3.1": 1234,
        "shipped policy, 4 interactions": 9876,
    }
