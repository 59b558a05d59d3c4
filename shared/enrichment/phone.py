"""Phone numbers, with Google's metadata (`phonenumberslite`: the same numbers without maps and carriers)."""

import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.enrichment.country import country_code
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
_EXTENSION = re.compile(
    r"[\s,;(]+(?:ext|extn|extension|durchwahl|dw|poste|int|interno|ramal|anexo|anknytning|toestel|wew|доб|вн|內線|内線"
    r"|分机|分機|转)[.:\s]*\d+.*",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[+(]*\d[\d\s().+\-\u2010-\u2015/]*")
_ANOTHER = re.compile(r"[;,|\n/&]|\b(?:or|and|oder|und|ou|et|y)\b", re.IGNORECASE)
_FLOAT = re.compile(r"\d[.,]\d+e\+?\d+", re.IGNORECASE)  # a spreadsheet's 1.61756E+10: the number is lost

_UP, _DOWN = "01234567890123456789", "98765432109876543210"


def phone_facts(text: str | None, country: str | None) -> PhoneFacts:
    """E.164, validity and type; `country`, as the customer wrote it, supplies a missing prefix.

    Of several numbers the first valid one counts. A made-up number, such as 1234567890, isn't valid.
    """
    if not text:
        return PhoneFacts()
    import phonenumbers  # noqa: PLC0415 - 20 ms, only for a lead with a number

    number = _parse(unicodedata.normalize("NFKC", text)[:LONGEST], country_code(country))
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

    region = phonenumbers.region_code_for_number(phonenumbers.parse(e164_))
    return region if region and region.isalpha() else None


def _type(number: "PhoneNumber") -> str | None:
    """mobile, fixed_line, fixed_line_or_mobile, toll_free, voip, ...; None if unknown."""
    import phonenumbers  # noqa: PLC0415 - likewise

    kind = phonenumbers.number_type(number)
    if kind == phonenumbers.PhoneNumberType.UNKNOWN:
        return None
    return phonenumbers.PhoneNumberType.to_string(kind).lower()


def _parse(text: str, region: str | None) -> "PhoneNumber | None":
    for candidate in _candidates(text):
        number = _read(candidate, region)
        if number and not _is_made_up(number):
            return number
    return None


def _candidates(text: str) -> Iterator[str]:
    """The whole text, then the number in it, then each of several numbers."""
    if _FLOAT.search(text):
        return
    number = _EXTENSION.sub("", text)
    yield number
    if any(len(word) > 1 and word not in _LABELS for word in re.findall(r"[^\W\d_]+", number.casefold())):
        return
    for part in (number, *_ANOTHER.split(number)):
        if (match := _NUMBER.search(part)) and match[0] != number:
            yield match[0]


def _read(text: str, region: str | None) -> "PhoneNumber | None":
    """Read as a number of its country; else as an international number without its plus (`16175555555`).

    Two zeros may replace the plus; a single zero is a national prefix and identifies no country.
    """
    national = _valid(text, region)
    if national and not _is_too_long(text, national):
        return national
    international = _valid("+" + text.lstrip("+ ").removeprefix("00"), None)
    if region is None and international and _may_be_american(text):
        return None
    return international or national


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
    """One digit repeated, a run up or down, a repeated pair, 123 or 321, or seven zeros at the end."""
    import phonenumbers  # noqa: PLC0415 - likewise

    digits = phonenumbers.national_significant_number(number)
    if len(digits) < 6:
        return False
    runs = digits in _UP or digits in _DOWN
    pairs = len(digits) >= 8 and _repeats(digits, 2)
    triples = digits[:3] in ("123", "321") and _repeats(digits, 3)
    return runs or pairs or triples or _repeats(digits, 1) or digits.endswith("0000000")


def _repeats(digits: str, length: int) -> bool:
    return digits == (digits[:length] * len(digits))[: len(digits)]
