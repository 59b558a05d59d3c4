"""Rows of the Azure Table destination: what they say, and when the customer was there."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shared.marketplace.created_at import EARLIEST, created_at, parse_instant
from shared.marketplace.parse import MAX_BODY, InvalidPush, PushTooLarge
from shared.marketplace.table_row import SourceRow, read_row
from tests.samples import ADA, NOW

CREATED = datetime(2018, 9, 28, 14, 5, 10, tzinfo=UTC)
WRITTEN = CREATED + timedelta(seconds=1)
DAY = "9:2F28:2F2018"
COLUMNS = {
    "ActionCode": "INS",
    "CreatedTime": "9/28/2018 2:05:10 PM",
    "CustomerInfo": json.dumps(ADA),
    "Description": "",
    "LeadSource": "AzureMarketplace-INS|contoso.contoso-backup",
    "OfferDisplayName": "Contoso Backup",
}


def row(written: datetime = WRITTEN, **columns: object) -> SourceRow:
    return SourceRow(DAY, "one", written, {**COLUMNS, **columns})


def without(*names: str) -> SourceRow:
    return SourceRow(DAY, "one", WRITTEN, {name: text for name, text in COLUMNS.items() if name not in names})


def test_a_row_is_a_push_with_its_customer_and_its_time():
    read = read_row(row())
    assert (read.push.contact.email, read.push.offer_title) == ("ada@fabrikam.example", "Contoso Backup")
    assert (read.push.action, read.push.offer_id) == ("INS", "contoso.contoso-backup")
    assert read.created_at == CREATED
    assert read.push.as_sent["CustomerInfo"] == COLUMNS["CustomerInfo"]


@pytest.mark.parametrize("customer", ["", " ", None, "{}", json.dumps(dict.fromkeys(ADA, ""))])
def test_a_customer_whom_microsoft_withholds_is_real(customer: str | None):
    assert read_row(row(CustomerInfo=customer)).push.contact.email is None
    assert read_row(without("CustomerInfo")).push.action == "INS"


@pytest.mark.parametrize("customer", ["{", "not JSON", "[1]", '"text"', '{"a":' * 20 + "1" + "}" * 20])
def test_an_unreadable_customer_is_refused_and_not_quoted(customer: str):
    with pytest.raises(InvalidPush) as refusal:
        read_row(row(CustomerInfo=customer))
    assert "CustomerInfo" in str(refusal.value)
    assert customer not in str(refusal.value)


def test_an_unreadable_customer_is_no_loss_if_other_columns_tell():
    assert read_row(row(CustomerInfo="{", Email="eva@contoso.example")).push.contact.email


def test_what_has_no_column_of_a_lead_is_refused():
    for columns in ({}, {"Temperature": "12"}, {"CreatedTime": "9/28/2018"}, {"ActionCode": " "}):
        with pytest.raises(InvalidPush, match="No column"):
            read_row(SourceRow(DAY, "one", WRITTEN, columns))


def test_what_is_larger_than_a_push_is_refused():
    with pytest.raises(PushTooLarge):
        read_row(row(Description="é" * (MAX_BODY // 2)))
    assert read_row(row(Description="é" * (MAX_BODY // 2 - 500))).push.note


def test_what_no_table_could_keep_is_mended():
    assert read_row(row(Description="\ud800 call", Extra=float("nan"))).push.note == "\ufffd call"


@pytest.mark.parametrize(
    "written",
    [
        "9/28/2018 2:05:10 PM",
        "09/28/2018 02:05:10 pm",
        "9/28/2018 2:05:10\u202fPM",
        "9/28/2018, 2:05:10 p.m.",
        "9/28/2018 14:05:10",
        "9/28/2018 2:05:10 PM +00:00",
        "9/28/2018 4:05:10 PM +02:00",
        "9/28/2018 7:05:10 AM -0700",
        "9/28/2018 14:05:10 UTC",
        "2018-09-28T14:05:10",
        "2018-09-28T14:05:10Z",
        "2018-09-28T14:05:10.0000000Z",
        "2018-09-28T16:05:10+02:00",
        " 2018-09-28 14:05:10 ",
    ],
)
def test_a_time_is_read_in_every_notation_that_was_seen(written: str):
    assert parse_instant(written) == CREATED


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("9/28/2018 12:05 AM", datetime(2018, 9, 28, 0, 5, tzinfo=UTC)),
        ("9/28/2018 12:05 PM", datetime(2018, 9, 28, 12, 5, tzinfo=UTC)),
        ("9/28/2018", datetime(2018, 9, 28, tzinfo=UTC)),
        ("28/9/2018", None),
        ("2/30/2018", None),
        ("9/28/2018 13:05 PM", None),
        ("9/28/2018 25:05", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("yesterday", None),
        ("", None),
    ],
)
def test_noon_midnight_and_what_is_no_time(written: str, at: datetime | None):
    assert parse_instant(written) == at


@pytest.mark.parametrize(
    ("created", "partition", "at"),
    [
        pytest.param("yesterday", DAY, CREATED.replace(hour=0, minute=0, second=0), id="day of the key"),
        pytest.param(None, "9:2f28:2f2018", CREATED.replace(hour=0, minute=0, second=0), id="no time"),
        pytest.param("1/1/0001 12:00:00 AM", "x", WRITTEN, id="a default value"),
        pytest.param("28/9/2018", "leads", WRITTEN, id="neither: the service's own"),
        pytest.param("9/28/2018 6:05:10 PM", "x", WRITTEN, id="seems ahead: lacked its zone"),
        pytest.param("10/28/2018 2:05:10 PM", DAY, CREATED.replace(hour=0, minute=0, second=0), id="far off"),
        pytest.param("10/28/2018", "10:2F28:2F2018", WRITTEN, id="both far off"),
    ],
)
def test_where_a_time_can_not_be_believed_the_next_best_counts(
    created: str | None, partition: str, at: datetime
):
    assert created_at(created, partition, WRITTEN) == at


def test_no_lead_was_created_before_the_marketplace_or_after_its_row():
    assert created_at("1/1/2010", "", NOW) == EARLIEST
    assert created_at("12/31/2009", "", NOW) == NOW
    for hours in range(-30, 60):
        text = (NOW + timedelta(hours=hours)).isoformat()
        assert created_at(text, "", NOW) <= NOW


def test_the_samples_are_read():
    for file in sorted(Path(__file__).parents[2].glob("local/samples/table-*.json")):
        columns = json.loads(file.read_text())
        keys = columns.pop("PartitionKey"), columns.pop("RowKey")
        columns.pop("Timestamp")
        assert read_row(SourceRow(*keys, NOW, columns)).push.contact.email
