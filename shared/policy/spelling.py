"""Which of our facts a misspelt name means: a rule on a name that no fact has would never hold."""

import functools
from collections.abc import Collection, Iterator

from shared.leads.push import fold_name

SHORTEST = 5  # letters of a name that slips are looked for in: `node`, `role` and `note` are near each other
SHORT = 8  # letters; names up to here have many neighbours: one slip, not in the first letter (`timeline`)


def meant_fact(
    name: str, known: Collection[str], *, exact: Collection[str] = (), sections: Collection[str] = ()
) -> str | None:
    """The known fact that an unknown name is a misspelling of; None if it is a name of its own.

    Misspelt is a name in another case or with other separators (`donotcontact`, `offer_title`,
    `Email.Kind`), in singular or plural (`touch`, `persons.rank`), or a slip or two away (`sorce`,
    `pubilsher`). `employees`, `role` and `store` are none of ours.

    Args:
        name: not one of the known names.
        known: our facts.
        exact: other names of ours, too close to everyday words for slips: in any case, singular or plural.
        sections: what begins names with any end (`campaign.utm_source`).
    """
    begin, dot, rest = name.partition(".")
    if begin in sections or name in exact:
        return None
    folded = _fold(name)
    by_fold = _by_fold(tuple(known))
    of_exact = _by_fold(tuple(exact))
    in_sections = (other + _fold(rest) for other in _numbers(_fold(begin))) if dot else ()
    for form in (folded, *_numbers(folded), *in_sections):
        if form in by_fold or form in of_exact:
            return by_fold.get(form) or of_exact[form]
    if dot:
        section = next((each for each in sections if each in (_fold(begin), *_numbers(_fold(begin)))), None)
        if section is not None:
            return f"{section}.{rest}"
    near = [(slips(folded, other), fact) for other, fact in by_fold.items() if _may_be_near(folded, other)]
    distance, fact = min(near, default=(3, ""), key=lambda found: found[0])
    return fact if distance <= _allowed(_fold(fact)) else None


def slips(one: str, other: str) -> int:
    """The fewest slips from one word to the other: a letter left out, added, replaced; two turned round."""
    before, last = list[int](), list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, wanted in enumerate(other, 1):
            cost = min(now[-1] + 1, last[column] + 1, last[column - 1] + (letter != wanted))
            is_turned = row > 1 and column > 1 and (one[row - 2], letter) == (wanted, other[column - 2])
            now.append(min(cost, before[column - 2] + 1) if is_turned else cost)
        before, last = last, now
    return last[-1]


def _fold(name: str) -> str:
    """A name without case and separators."""
    return fold_name(name).replace(".", "")


@functools.cache
def _by_fold(names: tuple[str, ...]) -> dict[str, str]:
    return {_fold(name): name for name in names}


def _numbers(word: str) -> Iterator[str]:
    """The word in the other number: `touch` and `touches`, `source` and `sources`."""
    yield from (word + "s", word + "es")
    if word.endswith("s"):
        yield word[:-1]
    if word.endswith("ies"):
        yield word[:-3] + "y"
    if word.endswith("es"):
        yield word[:-2]


def _may_be_near(one: str, other: str) -> bool:
    is_first_kept = one[:1] == other[:1] or len(other) > SHORT
    return len(other) >= SHORTEST and is_first_kept and abs(len(one) - len(other)) <= _allowed(other)


def _allowed(word: str) -> int:
    return 1 if len(word) <= SHORT else 2
