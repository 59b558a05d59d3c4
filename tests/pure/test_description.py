"""What a description is: a note, a campaign, or nothing."""

from shared.marketplace.description import read_description


def test_a_campaign_parameter_without_a_value_is_left_out():
    assert read_description('{"mktcmpid": null, "partnerid": "98765"}') == (None, {"partnerid": "98765"})
