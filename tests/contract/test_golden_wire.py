"""What version 0.1.0 (commit 35560d3) sent and took is sent and taken alike: events, messages, ids."""

import json
from datetime import datetime

import azure.functions as func
import pytest

from functions.queue import message_of
from shared.contract.events import event_json, message_body, message_properties, read_event
from shared.contract.messages import activity_of
from shared.contract.responses import lead_body
from shared.enrichment.identity import former_contact_key, former_lead_id, lead_id
from shared.leads.commands import ReportFacts, ReportFollowUp, ReportInteraction, UpdateLead
from shared.leads.json_form import ABSENT
from shared.leads.lead import Lead
from shared.marketplace.offer import offer_of
from shared.marketplace.parse import push_of
from shared.policy.load import offers_by_title, parse_policy
from shared.typed_json import from_plain
from tests.conftest import ROOT

GOLDEN = ROOT / "tests" / "golden" / "35560d3"
EVENTS = json.loads((GOLDEN / "events.json").read_text())
MESSAGES = json.loads((GOLDEN / "messages.json").read_text())
EXPECTED = json.loads((GOLDEN / "expected.json").read_text())
ID_KEY = EXPECTED["idKey"].encode()
AT = datetime.fromisoformat(EXPECTED["at"])
KINDS = {
    "FollowUpReport": ReportFollowUp,
    "InteractionReport": ReportInteraction,
    "LeadUpdate": UpdateLead,
    "FactReport": ReportFacts,
}


def name_of(golden):
    return f"{golden['type']} {' '.join(golden['variant'])}"


@pytest.mark.parametrize("golden", EVENTS["events"], ids=name_of)
def test_a_golden_event_is_read_and_written_as_it_was(golden):
    event = read_event(golden["stored"])

    assert json.loads(event_json(event)) == json.loads(golden["stored"])


@pytest.mark.parametrize(
    "golden", [one for one in EVENTS["events"] if "body" in one["message"]], ids=lambda one: one["type"]
)
def test_a_golden_event_is_published_as_it_was(golden):
    sent = golden["message"]
    body = json.loads(sent["body"])
    lead = from_plain(Lead, body["lead"])
    event = read_event(golden["stored"])

    assert json.loads(message_body(lead, event)) == body
    assert message_properties(lead, event) == sent["applicationProperties"]
    assert lead_body(lead) == body["lead"]


@pytest.mark.parametrize("golden", MESSAGES["activity"], ids=lambda one: one["name"])
def test_a_golden_report_is_read_as_it_was(golden):
    sent, read = golden["message"], golden["read"]
    if golden["refusal"] is not None and read["report"] is None:
        pytest.fail("a golden report that couldn't be read has no place here")

    activity = activity_of(sent["body"].encode(), sent["messageId"], AT)

    assert (activity.lead_id, activity.email) == (read["leadId"], read["email"])
    kind = KINDS[read["report"].pop("kind")]
    assert type(activity.report) is kind
    for name, value in read["report"].items():
        here = getattr(activity.report, _NAMES.get(name, name))
        if name not in ("at", "nextContactAt"):
            assert (None if here is ABSENT else here) == value, name


_NAMES = {"nextContactAt": "next_contact_at"}


@pytest.mark.parametrize(
    "golden",
    [*MESSAGES["activityCopies"], *MESSAGES["spill"], *MESSAGES["spillCopies"]],
    ids=lambda one: one["message"]["messageId"],
)
def test_a_golden_message_in_a_queue_is_read_as_it_was(golden):
    read = golden["read"]

    message = message_of(delivered(golden["message"]), AT)

    assert message.body == golden["message"]["body"].encode()
    assert message.message_id == read["messageId"]
    assert message.sent_at == datetime.fromisoformat(read["sentAt"])
    assert (message.attempts, message.refusal) == (read["attempts"], read["refusal"])
    assert (dict(message.properties), dict(message.addressing)) == (read["properties"], read["addressing"])


class Delivered(func.ServiceBusMessage):
    """A message as the platform hands it over."""

    def __init__(self, sent):
        self.sent = sent

    def get_body(self, encoding=None):
        return self.sent["body"].encode()

    def __getattribute__(self, name):
        names = {
            "message_id": "messageId",
            "application_properties": "applicationProperties",
            "content_type": "contentType",
            "session_id": "sessionId",
            "correlation_id": "correlationId",
            "reply_to": "replyTo",
            "to": "to",
            "subject": "subject",
        }
        if name in names:
            return object.__getattribute__(self, "sent").get(names[name])
        if name in ("partition_key", "reply_to_session_id"):
            return None
        if name == "enqueued_time_utc":
            return AT
        if name == "sequence_number":
            return 1
        return object.__getattribute__(self, name)


def delivered(sent):
    return Delivered(sent)


@pytest.mark.parametrize("golden", EXPECTED["pushes"], ids=lambda one: one["leadId"])
def test_the_id_that_a_golden_push_had_is_known(golden):
    policy = parse_policy((GOLDEN / "policy.toml").read_text())
    push = push_of(golden["body"])

    offer = offer_of(push, golden["slug"], offers_by_title(policy))

    assert (offer, former_lead_id(push, offer, ID_KEY)) == (golden["offer"], golden["leadId"])
    if golden["person"] is not None:
        assert former_contact_key(push.contact.email or "", ID_KEY) == golden["person"]


def is_by_other_rules(golden):
    """Companies are compared by their key since, and an address is read out of what is around it."""
    details = golden["body"].get("UserDetails", {})
    is_by_company = (
        "@" not in details.get("Email", "") and details.get("Company") and not details.get("Phone")
    )
    return is_by_company or "<" in details.get("Email", "") or details.get("Phone") == "1"


@pytest.mark.parametrize("golden", EXPECTED["pushes"], ids=lambda one: one["leadId"])
def test_a_golden_push_keeps_its_id_unless_other_rules_hold_for_it(golden):
    push = push_of(golden["body"])

    keeps = lead_id(push, golden["offer"], ID_KEY) == golden["leadId"]

    assert keeps is not bool(is_by_other_rules(golden))
