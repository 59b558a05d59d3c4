"""How often a number with a digit too many or too few becomes another country's."""

import random
from collections.abc import Iterator

import phonenumbers

from shared.enrichment.phone import phone_country, phone_facts

ATTEMPTS = 60  # random digits until a valid number is found
SEED = 20_261_201


def misdialled(a_country: int, seed: int = SEED) -> Iterator[tuple[str, str]]:
    """Valid random numbers of every country, as it writes them, with one digit too many or too few.

    Args:
        a_country: how many of each country, at most: half landlines, half mobiles.
        seed: the same one gives the same numbers.

    Yields:
        The text, and ISO 3166-1 alpha-2 of the country.
    """
    chance = random.Random(seed)
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        for number in range(a_country):
            kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
            valid = _a_number(region, kinds[number % 2], chance)
            if valid is not None:
                yield _with_an_error(valid, chance), region


def false_foreign(a_country: int) -> tuple[int, int]:
    """How many of these numbers are read as another country's, and how many there are."""
    foreign = count = 0
    for text, region in misdialled(a_country):
        read = phone_country(phone_facts(text, region).e164)
        count += 1
        foreign += read is not None and _code(read) != _code(region)
    return foreign, count


def _code(region: str) -> int:
    """Countries with one code share their numbers: Canada's aren't foreign in the United States."""
    return phonenumbers.country_code_for_region(region)


def _a_number(region: str, kind: int, chance: random.Random) -> phonenumbers.PhoneNumber | None:
    example = phonenumbers.example_number_for_type(region, kind)
    if example is None:
        return None
    digits = phonenumbers.national_significant_number(example)
    for attempt in range(2 * ATTEMPTS):
        kept = max(1, len(digits) - (6 if attempt < ATTEMPTS else 3))
        text = digits[:kept] + "".join(chance.choices("0123456789", k=len(digits) - kept))
        number = phonenumbers.PhoneNumber(country_code=example.country_code, national_number=int(text))
        if phonenumbers.is_valid_number_for_region(number, region):
            return number
    return None


def _with_an_error(number: phonenumbers.PhoneNumber, chance: random.Random) -> str:
    """As it is written in its country, sometimes as digits alone, with a digit too many or too few."""
    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    if chance.random() < 0.3:
        text = "".join(letter for letter in text if letter.isdigit())
    places = [place for place, letter in enumerate(text) if letter.isdigit()][1:]
    place = chance.choice(places)
    if chance.random() < 0.5:
        return text[:place] + text[place + 1 :]
    return text[:place] + chance.choice("0123456789") + text[place:]
