"""A request that is wrong: what and where, quoting nothing of it."""

from collections.abc import Sequence

from shared.typed_json import Mistake


class InvalidRequest(ValueError):
    """The caller's request is wrong. Lists every mistake with its place, and quotes no value."""

    def __init__(self, what: str, mistakes: Sequence[Mistake] = ()) -> None:
        """With a sentence, or with what is invalid and its mistakes."""
        super().__init__(f"{what}: {'; '.join(map(str, mistakes))}." if mistakes else what)
        self.mistakes = tuple(mistakes)


class RequestTooLarge(InvalidRequest):
    """The caller's body is larger than the limit."""


def invalid(what: str, rule: str, *place: str) -> InvalidRequest:
    """One mistake that the types can't express."""
    return InvalidRequest(f"Invalid {what}", [Mistake(place, rule)])
