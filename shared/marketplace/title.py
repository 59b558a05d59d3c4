"""The titles of offers, as people write them."""

import unicodedata


def slugified(title: str | None) -> str:
    """Lower case, any script, a hyphen for everything that is neither letter nor digit; may be empty."""
    folded = unicodedata.normalize("NFKC", title or "").casefold()
    words = "".join(letter if _is_of_a_word(letter) else " " for letter in folded).split()
    return "-".join(word for word in words if any(map(str.isalnum, word)))


def _is_of_a_word(letter: str) -> bool:
    """A letter, a digit, or a mark: many scripts write their vowels as marks, which `\\w` leaves out."""
    return letter.isalnum() or unicodedata.category(letter) in ("Mn", "Mc")
