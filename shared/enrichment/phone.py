"""Phone numbers, with Google's metadata (`phonenumberslite`: the same numbers without maps and carriers)."""

import phonenumbers

from shared.enrichment.country import country_code
from shared.enrichment.facts import PhoneFacts

_TYPES = {
    phonenumbers.PhoneNumberType.FIXED_LINE: "fixed_line",
    phonenumbers.PhoneNumberType.MOBILE: "mobile",
    phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_line_or_mobile",
    phonenumbers.PhoneNumberType.TOLL_FREE: "toll_free",
    phonenumbers.PhoneNumberType.PREMIUM_RATE: "premium_rate",
    phonenumbers.PhoneNumberType.VOIP: "voip",
}


def phone_facts(text: str | None, country: str | None) -> PhoneFacts:
    """E.164, validity and type; the country as the customer wrote it helps where a prefix is missing."""
    if not text:
        return PhoneFacts()
    number = _parse(text, country)
    if number is None:
        return PhoneFacts(valid=False)
    kind = _TYPES.get(phonenumbers.number_type(number))
    e164_ = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return PhoneFacts(e164=e164_, valid=True, type=kind)


def e164(text: str | None, country: str | None) -> str | None:
    """The valid number in E.164, else None."""
    return phone_facts(text, country).e164


def phone_country(e164_: str | None) -> str | None:
    """ISO 3166-1 alpha-2 of a number in E.164; None for none and for numbers of no country."""
    if e164_ is None:
        return None
    region = phonenumbers.region_code_for_number(phonenumbers.parse(e164_))
    return region if region and region.isalpha() else None


def _parse(text: str, country: str | None) -> phonenumbers.PhoneNumber | None:
    """As a number of its country; else as an international one that lost its plus (`16175555555`).

    Two zeros may stand for the plus; a single one is a national prefix and tells no country.
    """
    international = "+" + text.lstrip("+ ").removeprefix("00")
    for candidate, region in ((text, country_code(country)), (international, None)):
        try:
            number = phonenumbers.parse(candidate, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return number
    return None
