"""The bundled data are what their generator makes; what needs a package index is checked by the command."""

from zoneinfo import ZoneInfo

import pytest
from babel.core import get_global
from iso3166 import countries

from local.data import __main__ as command
from local.data.countries import country_languages, country_names

ISO = {country.alpha2 for country in countries}


def rows(name: str):
    lines = (command.DATA / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


@pytest.mark.parametrize(
    ("name", "make"), [("country_names.tsv", country_names), ("country_languages.tsv", country_languages)]
)
def test_a_file_is_what_the_installed_packages_give(name, make):
    assert not command.differs(name, make()), "run `python -m local.data`"


def test_every_country_has_names_and_no_name_has_two_countries():
    names = [name for code, *parts in rows("country_names.tsv") for part in parts for name in part.split()]
    assert {code for code, *_ in rows("country_names.tsv")} == {*ISO, ""}
    assert len(names) == len(set(names))


def test_the_names_are_small_enough_to_be_deployed():
    assert (command.DATA / "country_names.tsv").stat().st_size < 250_000


def test_every_zone_can_be_loaded_and_every_country_is_one():
    for country, zone, areas in rows("time_zones.tsv"):
        assert country in ISO
        assert areas
        if zone:
            assert ZoneInfo(zone).key == zone


def test_only_countries_of_several_clocks_and_no_people_have_no_zone_of_their_own():
    with_one = {country for country, _, areas in rows("time_zones.tsv") if areas == "*"}
    by_area_code = {"AU", "BR", "CA", "CD", "FM", "ID", "MN", "MX", "RU", "US"}
    nobody = {"AQ", "BV", "HM", "KI", "UM"}
    assert with_one == ISO - by_area_code - nobody


def test_no_area_code_stands_twice():
    areas = [(country, area) for country, _, listed in rows("time_zones.tsv") for area in listed.split()]
    assert len(areas) == len(set(areas))


def test_every_language_is_one_that_most_of_the_country_speak():
    spoken = get_global("territory_languages")
    written = {"no": "nb"}
    for country, language in rows("country_languages.tsv"):
        shares = [
            facts["population_percent"]
            for name, facts in spoken[country].items()
            if name.partition("_")[0] == written.get(language, language)
        ]
        assert max(shares) >= 80


def test_the_command_tells_which_file_differs_and_fails(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(command, "DATA", tmp_path)
    monkeypatch.setattr(command, "FILES", {"one.tsv": lambda: "a\n", "other.tsv": lambda: "b\n"})
    assert command.main([]) == 0
    assert command.main(["--check"]) == 0
    (tmp_path / "other.tsv").write_text("edited\n")
    capsys.readouterr()
    assert command.main(["--check"]) == 1
    said = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in said] == ["one.tsv", "other.tsv"]
    assert "out of date" in said[1]
    assert (tmp_path / "other.tsv").read_text() == "edited\n"


def test_the_command_makes_the_other_files_if_one_needs_a_package_that_cannot_be_fetched(
    monkeypatch, tmp_path, capsys
):
    def offline():
        raise OSError("no network")

    monkeypatch.setattr(command, "DATA", tmp_path)
    monkeypatch.setattr(command, "FILES", {"zones.tsv": offline, "names.tsv": lambda: "a\n"})
    assert command.main([]) == 1
    assert "zones.tsv: not made" in capsys.readouterr().out
    assert [path.name for path in tmp_path.iterdir()] == ["names.tsv"]
