import pytest

from certificates import fields
from tests.factories.certificates import credit, snapshot


def test_every_key_has_its_words():
    facts = snapshot(
        attendee_name="Ada King Lovelace",
        attendee_credentials="MD",
        licences=[{"number": "12345"}, {"number": "67890"}],
        sessions=[{"title": "Opening"}, {"title": "Airway"}],
        learning_objectives=["Recognise", "Treat"],
        custom_fields=[{"label": "Ward", "value": "7"}],
        organizer_email="office@example.org",
        provider_number="P-1",
        credits=[credit(activity_number="A-1"), credit(activity_number="A-1")],
        expires_on="2028-03-06",
    )

    words = fields.values(facts, "en")

    assert words == {
        "attendee_name": "Ada King Lovelace",
        "attendee_title": "Consultant",
        "attendee_credentials": "MD",
        "attendee_organization": "St Mary's Hospital",
        "first_name": "Ada",
        "last_name": "Lovelace",
        "licence_number": "12345, 67890",
        "event_title": "Advances in Anaesthesia",
        "event_date": "3\u20135 March 2027",
        "event_datetime": "3 March 2027, 10:00 CET",
        "event_location": "Online",
        "event_duration": "2 h 30 min",
        "session_list": "Opening\nAirway",
        "learning_objectives": "Recognise\nTreat",
        "custom_fields": "Ward: 7",
        "credits": "2.75 CPD points\n2.75 CPD points",
        "cpd_type": "CPD",
        "cpd_credits": "2.75",
        "cpd_hours": "2.50",
        "credit_statements": "Designated for 2.75 points by the board.",
        "accreditation_note": "Designated for 2.75 points by the board.",
        "activity_number": "A-1",
        "delivery_method": "group_internet",
        "organizer_name": "Acme Learning",
        "organizer_email": "office@example.org",
        "provider_name": "Acme Learning",
        "provider_address": "",
        "provider_number": "P-1",
        "certificate_number": "CPD-2027-ABCDEFGH",
        "certificate_code": "ABCD-EFGH",
        "certificate_id": "ABCD-EFGH",
        "issued_date": "6 March 2027",
        "issue_date": "6 March 2027",
        "expires_date": "6 March 2028",
        "verification_url": "https://cpd.example.org/verify/0123456789abcdefABCDEF/",
        "verification_host": "cpd.example.org",
        "qr_code": "https://cpd.example.org/verify/0123456789abcdefABCDEF/",
    }


def test_what_the_snapshot_does_not_say_is_empty():
    words = fields.values(
        {"attendee_name": "Ada", "short_code": "ABCDEFGH", "certificate_number": "N"}, "en"
    )

    said = {key for key, text in words.items() if text}
    assert said == {
        "attendee_name",
        "first_name",
        "certificate_id",
        "certificate_code",
        "certificate_number",
    }


@pytest.mark.parametrize(
    ("minutes", "words"), [(45, "45 min"), (60, "1 h"), (90, "1 h 30 min"), (0, "")]
)
def test_durations_are_said_shortly(minutes, words):
    assert fields.values(snapshot(event_duration_minutes=minutes), "en")["event_duration"] == words


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("Dear {name}", "Dear Ada"),
        ("{name} · {ward}", "Ada"),
        ("{ward} · {name}", "Ada"),
        ("No. {ward}", ""),
        ("{unknown}", ""),
        ("{{name}}", "{Ada}"),
        ("{name.upper}", "{name.upper}"),
        ("plain", "plain"),
    ],
)
def test_patterns_are_filled_and_nothing_else(pattern, text):
    assert fields.filled(pattern, {"name": "Ada", "ward": ""}) == text
