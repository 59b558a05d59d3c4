"""Errors of a caller's request: what is wrong and where, quoting nothing of the request."""

from collections.abc import Sequence

from shared.mistakes import Mistake


class InvalidRequest(ValueError):
    """The request is invalid. Lists every mistake with its place, and quotes no value."""

    def __init__(self, what: str, mistakes: Sequence[Mistake] = ()) -> None:
        """With a whole sentence; or with what is invalid, such as `Invalid update`, and its mistakes."""
        super().__init__(f"{what}: {'; '.join(map(str, mistakes))}." if mistakes else what)
        self.mistakes = tuple(mistakes)


class RequestTooLarge(InvalidRequest):
    """The caller's body is larger than the limit."""


def invalid(what: str, rule: str, *place: str) -> InvalidRequest:
    """The error for one mistake that the types can't express, at a place in the body or query."""
    return InvalidRequest(f"Invalid {what}", [Mistake(place, rule)])
