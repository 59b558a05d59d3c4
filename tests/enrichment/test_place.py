"""Places: the zone that a lead lives by, where country and number tell one."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.enrichment.place import local_hour, time_zone
from tests.strategies import examples


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        *[("DE", "Europe/Berlin"), ("GB", "Europe/London"), ("IN", "Asia/Kolkata"), ("JP", "Asia/Tokyo")],
        *[("FR", "Europe/Paris"), ("NL", "Europe/Amsterdam"), ("PR", "America/Puerto_Rico")],
        pytest.param("CN", "Asia/Shanghai", id="CN: one official clock"),
        pytest.param("AR", "America/Argentina/Buenos_Aires", id="AR: twelve zones, one clock"),
        pytest.param("KZ", "Asia/Almaty", id="KZ: one clock since 2024"),
        pytest.param("MY", "Asia/Kuala_Lumpur", id="MY: two zones, one clock"),
        pytest.param("ES", "Europe/Madrid", id="ES: few live on the Canaries"),
        pytest.param("PT", "Europe/Lisbon", id="PT: few live on the Azores"),
        pytest.param("NZ", "Pacific/Auckland", id="NZ: few live on the Chathams"),
        pytest.param("CL", "America/Santiago", id="CL: few live on Easter Island"),
        pytest.param("EC", "America/Guayaquil", id="EC: few live on the Galapagos"),
        pytest.param("XK", "Europe/Belgrade", id="XK: not in tzdata"),
    ],
)
def test_a_country_with_one_clock_tells_the_zone(country: str, zone: str):
    assert time_zone(country, None) == zone


@pytest.mark.parametrize(
    ("country", "number", "zone"),
    [
        *[("US", "+12125550100", "America/New_York"), ("US", "+13125550100", "America/Chicago")],
        *[("US", "+13035550100", "America/Denver"), ("US", "+14155550100", "America/Los_Angeles")],
        *[("US", "+16025550100", "America/Phoenix"), ("US", "+19075550100", "America/Anchorage")],
        *[("US", "+18085550100", "Pacific/Honolulu"), ("US", "+16895550100", "America/New_York")],
        *[("CA", "+14165550100", "America/Toronto"), ("CA", "+16045550100", "America/Vancouver")],
        *[("CA", "+13065550100", "America/Regina"), ("CA", "+17095550100", "America/St_Johns")],
        *[("AU", "+61292000000", "Australia/Sydney"), ("AU", "+61733000000", "Australia/Brisbane")],
        *[("AU", "+61883000000", "Australia/Adelaide"), ("AU", "+61892000000", "Australia/Perth")],
        *[("BR", "+551133334444", "America/Sao_Paulo"), ("BR", "+5592987654321", "America/Manaus")],
        *[("BR", "+558133334444", "America/Recife"), ("BR", "+556833334444", "America/Rio_Branco")],
        *[("MX", "+525555555555", "America/Mexico_City"), ("MX", "+526645555555", "America/Tijuana")],
        *[("MX", "+526145555555", "America/Chihuahua"), ("MX", "+529985555555", "America/Cancun")],
        *[("RU", "+74951234567", "Europe/Moscow"), ("RU", "+74232123456", "Asia/Vladivostok")],
        *[("RU", "+74012123456", "Europe/Kaliningrad"), ("RU", "+73432123456", "Asia/Yekaterinburg")],
        *[("ID", "+62215555555", "Asia/Jakarta"), ("ID", "+623615555555", "Asia/Makassar")],
        pytest.param("ES", "+34928123456", "Atlantic/Canary", id="the Canaries"),
        pytest.param("PT", "+351296123456", "Atlantic/Azores", id="the Azores"),
        pytest.param(None, "+12125550100", "America/New_York", id="the number tells the country too"),
        pytest.param(None, "+493012345678", "Europe/Berlin", id="a number of a country with one clock"),
        pytest.param("DE", "+12125550100", "Europe/Berlin", id="a number from elsewhere changes nothing"),
    ],
)
def test_an_area_code_tells_the_zone_where_the_country_has_several(country, number: str, zone: str):
    assert time_zone(country, number) == zone


@pytest.mark.parametrize(
    ("country", "number"),
    [
        *[(None, None), ("XX", None), ("", None), ("US", None), ("RU", None), ("BR", None), ("AQ", None)],
        pytest.param("US", "+18005550100", id="toll-free"),
        pytest.param("US", "+14165550100", id="Canadian"),
        pytest.param("US", "+442079460000", id="British"),
        pytest.param("US", "+12085550100", id="Idaho has two clocks"),
        pytest.param("US", "+18505550100", id="so has the west of Florida"),
        pytest.param("AU", "+61412345678", id="an Australian mobile"),
        pytest.param("RU", "+79161234567", id="a Russian mobile"),
        pytest.param("ID", "+6281234567890", id="an Indonesian mobile"),
        pytest.param("US", "junk", id="no number"),
        pytest.param("US", "+1", id="half a number"),
    ],
)
def test_where_nothing_tells_there_is_no_zone(country: str | None, number: str | None):
    assert time_zone(country, number) is None


@given(st.none() | st.text(max_size=3), st.none() | st.from_regex(r"\+[1-9][0-9]{0,14}", fullmatch=True))
@examples(200)
def test_any_zone_is_one_that_can_be_loaded(country: str | None, number: str | None):
    try:
        zone = time_zone(country, number)
    except Exception as exc:  # noqa: BLE001 - whatever it is
        pytest.fail(f"{country} {number}: {exc!r}")
    assert zone is None or ZoneInfo(zone).key == zone


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        *[
            ("UTC", 22),
            ("Europe/Berlin", 23),
            ("America/New_York", 17),
            ("Asia/Tokyo", 7),
            ("Asia/Kolkata", 3),
        ],
        *[(None, None), ("Europe/Atlantis", None), ("", None), ("../etc/passwd", None)],
    ],
)
def test_the_local_hour_is_what_a_clock_there_shows(zone: str | None, hour: int | None):
    assert local_hour(zone, datetime(2026, 3, 2, 22, 15, tzinfo=UTC)) == hour


def test_the_local_hour_follows_summer_time_and_never_overflows():
    winter = datetime(2026, 3, 29, 0, 30, tzinfo=UTC)
    assert [local_hour("Europe/Berlin", winter + timedelta(hours=n)) for n in range(3)] == [1, 3, 4]
    assert local_hour("Asia/Tokyo", datetime.max.replace(tzinfo=UTC)) is None
