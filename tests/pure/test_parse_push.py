"""Pushes as bytes: lenient in what is read, strict about what can't be."""

import pytest

from shared.marketplace.parse import InvalidPush, parse_push


def nested(levels: int, inmost: str) -> bytes:
    """A body of so many containers within one another."""
    return ('{"a":' + "[" * (levels - 1) + inmost + "]" * (levels - 1) + "}").encode()


@pytest.mark.parametrize("inmost", ["", "1", '"x"'])
def test_sixteen_levels_are_read_and_seventeen_are_not(inmost: str):
    parse_push(nested(16, inmost))
    with pytest.raises(InvalidPush, match="deeper than 16 levels"):
        parse_push(nested(17, inmost))
