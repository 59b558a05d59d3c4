"""Phone numbers, with Google's metadata (`phonenumberslite`: the same numbers without maps and carriers)."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from shared.enrichment.country import country_code
from shared.enrichment.repair import repaired
from shared.leads.enrichment import PhoneFacts

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

LONGEST = 200  # characters read: time grows with the square, 170 ms for 1,000 commas

# Words that people write around a number. With any other word it is a text, whose digits are no phone number.
_AROUND = """
tel telephone telefon telefono teléfono teléfonos telefone téléphone phone ph fon fono mob mobile mobil movil
móvil celular cel cell cellphone handy gsm portable fax office work home direct main desk business private
büro buero oficina bureau zentrale switchboard whatsapp wa viber number num no nr numero número numéro nummer
call or and oder und ou et y
"""
_LABELS = frozenset(_AROUND.split())
# Patterns are compiled when they are first used, not with every start of the app.
_EXTENSION = (
    r"(?i)[\s,;(]+(?:ext|extn|extension|durchwahl|dw|poste|int|interno|ramal|anexo|anknytning|toestel|wew"
    r"|доб|вн|內線|内線"
    r"|分机|分機|转)[.:\s]*\d+.*"
)
_NUMBER = r"[+(]*\d[\d\s().+\-\u2010-\u2015/]*"
_ANOTHER = r"(?i)[;,|\n/&]|\b(?:or|and|oder|und|ou|et|y)\b"
_FLOAT = r"(?i)\d[.,]\d+\s*e\s*\+?\d+"  # a spreadsheet's 1.6175E+10: it is lost
_WHOLE_FLOAT = r"\s*(\d{6,})[.,]0{1,2}\s*"  # a spreadsheet's 493023125123.0: nothing is lost
_WORD_IN_BRACKETS = r"\(\s*[^\W\d_][^()\d]*\)"  # +49 (Germany) 30 ...
_OTHER_ENDINGS = (
    r"(.*?\d)(?:(?P<slash>/\d{1,2}|\s+/\s*-?\d{1,4}|/\s*-\s*\d{1,4})(?:\s*[/,]\s*-?\d{1,4})*"
    r"|[\s.~\-\u2010-\u2015]+\d{1,2})\s*"
)
_BETWEEN = r"(?<=\d)[\s.\-\u2010-\u2015/)]+(?=[(+\d])"  # where a second number may begin
_SHORTEST = 7  # digits of a whole number
ELEVEN_DIGITS = 11  # of the shortest numbers of most countries with their country code
_OLD_MEXICAN = r"\s*(?:(\+|00)?52[\s.\-(]*1|044|045|01)[\s.\-)]*((?:\d[\s.\-()]*){10})"

_UP, _DOWN = "0123456789012", "9876543210987"


def phone_facts(text: str | None, country: str | None) -> PhoneFacts:
    """E.164, validity and type; `country`, as the customer wrote it, supplies a missing prefix.

    Of several numbers the first valid one counts. A made-up number, such as 1234567890, isn't valid.
    """
    if not text:
        return PhoneFacts()
    import phonenumbers  # noqa: PLC0415 - 20 ms, only for a lead with a number

    number = _parse(unicodedata.normalize("NFKC", repaired(text[:LONGEST]))[:LONGEST], country_code(country))
    if number is None:
        return PhoneFacts(valid=False)
    return PhoneFacts(
        e164=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        valid=True,
        type=_type(number),
    )


def e164(text: str | None, country: str | None) -> str | None:
    """The valid number in E.164, else None."""
    return phone_facts(text, country).e164


def phone_country(e164_: str | None) -> str | None:
    """ISO 3166-1 alpha-2 of a number in E.164; None without a number, or for a number without a country."""
    if e164_ is None:
        return None
    import phonenumbers  # noqa: PLC0415 - likewise

    return phone_region(phonenumbers.parse(e164_))


def phone_region(number: "PhoneNumber") -> str | None:
    """ISO 3166-1 alpha-2 of a number; None for one without a country, such as satellite phones."""
    import phonenumbers  # noqa: PLC0415 - likewise

    region = phonenumbers.region_code_for_number(number)
    return region if region and region.isalpha() else None


def _type(number: "PhoneNumber") -> str | None:
    """mobile, fixed_line, fixed_line_or_mobile, toll_free, voip, ...; None if unknown."""
    import phonenumbers  # noqa: PLC0415 - likewise

    kind = phonenumbers.number_type(number)
    if kind == phonenumbers.PhoneNumberType.UNKNOWN:
        return None
    return phonenumbers.PhoneNumberType.to_string(kind).lower()


def _parse(text: str, region: str | None) -> "PhoneNumber | None":
    if whole := re.fullmatch(_WHOLE_FLOAT, text):
        text = whole[1]
        number = _valid(f"+{text}", None)  # a spreadsheet takes the plus for a sign
        if number and phone_region(number) == region:
            return None if _is_made_up(number) else number
    for candidate in _candidates(text):
        number = _read(candidate, region)
        if number and not _is_made_up(number):
            return number
    return None


def _candidates(text: str) -> Iterator[str]:
    """The whole text without an extension, then the number in it, then each of several numbers."""
    if re.search(_FLOAT, text):
        return
    number = re.sub(_WORD_IN_BRACKETS, " ", re.sub(_EXTENSION, "", text)).strip()
    yield from _with_one_ending(number)
    if any(len(word) > 1 and word not in _LABELS for word in re.findall(r"[^\W\d_]+", number.casefold())):
        return
    for part in (number, *re.split(_ANOTHER, number)):
        if (match := re.search(_NUMBER, part)) and match[0] != number:
            yield from _with_one_ending(match[0])


def _with_one_ending(number: str) -> Iterator[str]:
    """A number that may have other endings behind it: `415-555-0123/8` ends in 3, or in 8.

    Behind a slash they are that; behind a blank or a dash only if the whole is no number.
    """
    match = re.fullmatch(_OTHER_ENDINGS, number)
    if match is None or len(_digits(match[1])) < _SHORTEST:
        yield number
    elif match["slash"]:
        yield match[1]
        yield number
    else:
        yield number
        yield match[1]


def _read(text: str, region: str | None) -> "PhoneNumber | None":
    """Read as a number of its country, else as an international one, else the first of two numbers."""
    return _read_one(text, region) or _read_first(text, region)


def _read_first(text: str, region: str | None) -> "PhoneNumber | None":
    """The first of two numbers with a blank or a dash between them: both valid, and about as long."""
    for between in re.finditer(_BETWEEN, text):
        first, second = text[: between.start()] + between[0].rstrip(" (+"), text[between.end() :]
        lengths = len(_digits(first)), len(_digits(second))
        if min(lengths) < _SHORTEST or abs(lengths[0] - lengths[1]) > 1:
            continue
        if (number := _read_one(first, region)) and _read_one(second, region):
            return number
    return None


def _read_one(text: str, region: str | None) -> "PhoneNumber | None":
    """Read as a number of its country; else as an international number without its plus (`16175555555`).

    Two zeros may replace the plus; a single zero is a national prefix and identifies no country.
    """
    text = _without_old_prefix(text, region)
    national = _valid(text, region)
    if national and not _is_too_long(text, national):
        return national
    digits = _digits(text)
    international = _valid("+" + digits.removeprefix("00"), None)
    if international is None or text.lstrip(" (").startswith("+"):
        return national
    if digits.startswith("00") or phone_region(international) == region is not None:
        return international
    return international if _is_from_abroad(text, international, region) else national


def _without_old_prefix(text: str, region: str | None) -> str:
    """A Mexican number without 1, 044, 045 and 01, which were dialled until 2020."""
    match = re.fullmatch(_OLD_MEXICAN, text)
    if match is None or (match[1] is None and region != "MX"):
        return text
    return f"+52 {match[2]}"


def _is_from_abroad(text: str, number: "PhoneNumber", region: str | None) -> bool:
    """A number without its plus is of another country than the customer's: it can't be meant for theirs.

    It has two digits more than any number there, or eleven and no 0 where numbers of any length begin with 0,
    or it begins with the country code as a group of its own (`44 20 7946 0123`), which no number there does.
    So a digit too many or too few makes no number foreign.
    """
    digits, groups = _digits(text), re.findall(r"\d+", text)
    code = str(number.country_code)
    is_code_apart = len(groups) > 2 and groups[0] == code and not text.lstrip().startswith("(")
    if region is None:
        return not _may_be_american(text) and (is_code_apart or len(groups) == 1 or len(digits) > 10)
    home = _shape_of(region)
    has_any_length = home.begins_with_0 and home.longest > ELEVEN_DIGITS
    lacks_prefix = has_any_length and not digits.startswith("0") and len(digits) >= ELEVEN_DIGITS
    is_apart_there = len(code) in home.first_groups
    return lacks_prefix or len(digits) >= home.longest + 2 or (is_code_apart and not is_apart_there)


class _Shape(NamedTuple):
    """How the numbers of a country look."""

    longest: int  # digits
    begins_with_0: bool  # where it is dialled within the country
    first_groups: frozenset[int]  # how many digits the first group has, as people write it, if without a 0


@cache
def _shape_of(region: str) -> _Shape:
    import phonenumbers  # noqa: PLC0415 - likewise

    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
    if metadata is None:
        return _Shape(0, begins_with_0=False, first_groups=frozenset())
    firsts = set()
    for kind in (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE):
        example = phonenumbers.example_number_for_type(region, kind)
        if example is not None:
            written = phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.NATIONAL)
            firsts.add(re.findall(r"\d+", written)[0])
    lengths = {len(first) for first in firsts if not first.startswith("0")}
    longest = max(metadata.general_desc.possible_length, default=0) if metadata.general_desc else 0
    return _Shape(longest, begins_with_0=metadata.national_prefix == "0", first_groups=frozenset(lengths))


def _digits(text: str) -> str:
    return "".join(str(unicodedata.digit(letter)) for letter in text if letter.isdigit())


def _is_too_long(text: str, number: "PhoneNumber") -> bool:
    """More than ten digits without the national prefix 0, in a country whose landlines have any length.

    491701234567 might be one in the German town of Leer (0491), but is a mobile number that lost its plus.
    """
    import phonenumbers  # noqa: PLC0415 - likewise

    digits = phonenumbers.national_significant_number(number)
    fixed = phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.FIXED_LINE
    return fixed and len(digits) > 10 and not text.lstrip(" (").startswith(("+", "0"))


def _may_be_american(text: str) -> bool:
    """Ten digits without a country: 2065550100 is in Seattle, or in Egypt with +20."""
    digits = re.sub(r"\D", "", text)
    return len(digits) == 10 and not text.lstrip(" (").startswith(("+", "00")) and bool(_valid(text, "US"))


def _valid(text: str, region: str | None) -> "PhoneNumber | None":
    import phonenumbers  # noqa: PLC0415 - likewise

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    return number if phonenumbers.is_valid_number(number) else None


def _is_made_up(number: "PhoneNumber") -> bool:
    """One digit repeated, a run up from 1 or down from 9, a repeated pair, 123 or 321, or seven last zeros.

    Other runs are somebody's number: 090-1234-5678.
    """
    import phonenumbers  # noqa: PLC0415 - likewise

    digits = phonenumbers.national_significant_number(number)
    if len(digits) < 6:
        return False
    runs = _UP[1:].startswith(digits) or _UP.startswith(digits) or _DOWN.startswith(digits)
    pairs = len(digits) >= 8 and _repeats(digits, 2)
    triples = digits[:3] in ("123", "321") and _repeats(digits, 3)
    return runs or pairs or triples or _repeats(digits, 1) or digits.endswith("0000000")


def _repeats(digits: str, length: int) -> bool:
    return digits == (digits[:length] * len(digits))[: len(digits)]
