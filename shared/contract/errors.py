"""Errors of a caller's request: what is wrong and where, quoting nothing of the request."""

from collections.abc import Sequence

from shared.mistakes import Mistake

MOST_IN_A_SENTENCE = 10  # mistakes
MOST_MISTAKES = 100  # listed


class InvalidRequest(ValueError):
    """The request is invalid. Lists its mistakes with their places, and quotes no value.

    The text names the first ten, `mistakes` has the first hundred: a large body may have thousands.
    """

    def __init__(self, what: str, mistakes: Sequence[Mistake] = ()) -> None:
        """With a whole sentence; or with what is invalid, such as `Invalid update`, and its mistakes."""
        first = "; ".join(map(str, mistakes[:MOST_IN_A_SENTENCE]))
        more = len(mistakes) - MOST_IN_A_SENTENCE
        rest = f"; and {more} more" if more > 0 else ""
        super().__init__(f"{what}: {first}{rest}." if mistakes else what)
        self.mistakes = tuple(mistakes[:MOST_MISTAKES])


class RequestTooLarge(InvalidRequest):
    """The caller's body is larger than the limit."""


def invalid(what: str, rule: str, *place: str) -> InvalidRequest:
    """The error for one mistake that the types can't express, at a place in the body or query."""
    return InvalidRequest(f"Invalid {what}", [Mistake(place, rule)])
