"""How many typing mistakes lie between a misspelling and a name."""


def edit_distance(typed: str, name: str, limit: int) -> int:
    """Count the typing mistakes between two texts: a letter missing, added, wrong, or swapped with the next.

    It is the optimal string alignment distance (Boytsov 2011, section 3.2): no letter is changed twice.
    `grmany` and `gremany` are one mistake away from `germany`, `gremny` is two.

    Args:
        typed: what a person typed.
        name: what they may have meant.
        limit: the largest distance that still matters; at least 0.

    Returns:
        The distance, or `limit + 1` if it is larger than `limit`.
    """
    # A mistake changes at most two of the letters that a text has at all: most names are out at once.
    if abs(len(typed) - len(name)) > limit or len(set(typed) ^ set(name)) > 2 * limit:
        return limit + 1
    last, row = [0] * (len(name) + 1), list(range(len(name) + 1))
    previous = ""
    for number, letter in enumerate(typed, 1):
        above, last, row = last, row, [number]
        for place, other in enumerate(name, 1):
            changed = last[place - 1] + (letter != other)
            distance = min(changed, last[place] + 1, row[place - 1] + 1)
            if place > 1 and number > 1 and letter == name[place - 2] and previous == other:
                distance = min(distance, above[place - 2] + 1)
            row.append(distance)
        if min(row) > limit and min(last) > limit:
            return limit + 1
        previous = letter
    return min(row[-1], limit + 1)
