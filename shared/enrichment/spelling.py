"""How far a misspelling is from a name: slips of the hand."""


def slips(written: str, meant: str, most: int) -> int:
    """The slips between two texts: a letter missing, doubled, wrong, or swapped with the next.

    It is the optimal string alignment distance (Boytsov 2011, section 3.2): no letter is slipped on twice.
    `grmany` and `gremany` are one slip from `germany`, `gremny` is two.

    Args:
        written: what was typed.
        meant: what may be meant.
        most: slips that still count; at least 0.

    Returns:
        The distance, or `most + 1` if it is larger than `most`.
    """
    # Each slip changes at most two of the letters that a text has at all: most names are out at once.
    if abs(len(written) - len(meant)) > most or len(set(written) ^ set(meant)) > 2 * most:
        return most + 1
    last, row = [0] * (len(meant) + 1), list(range(len(meant) + 1))
    before = ""
    for number, letter in enumerate(written, 1):
        above, last, row = last, row, [number]
        for place, other in enumerate(meant, 1):
            aligned = last[place - 1] + (letter != other)
            slipped = min(aligned, last[place] + 1, row[place - 1] + 1)
            if place > 1 and number > 1 and letter == meant[place - 2] and before == other:
                slipped = min(slipped, above[place - 2] + 1)
            row.append(slipped)
        if min(row) > most and min(last) > most:
            return most + 1
        before = letter
    return min(row[-1], most + 1)
