"""The proofs of Zoom and Stripe: known vectors, and everything that is refused."""

import pytest

from integrations import signatures
from integrations.signatures import InvalidSignature

ZOOM_SECRET, ZOOM_TIME = "zm-test-secret", "1739923528"
ZOOM_BODY = (
    b'{"event":"meeting.participant_joined","event_ts":1739923528123,"payload":'
    b'{"account_id":"AccT3st","object":{"uuid":"/ab//Cd3FgHIJkLmNoPqRs==","id":"91234567890"}}}'
)
ZOOM_SIGNATURE = "v0=a883fabfcfbd721152d8d3c171e3b5fd3c955fc1026ed98b5da26489077cb6ee"
Z03_TIME = "1804669133"
Z03 = (
    b'{"event":"meeting.participant_joined","event_ts":1804669132345,"payload":{"account_id":'
    b'"AccT3st00001","object":{"id":"91234567890","uuid":"Ab1cD2eF3gH4iJ5kL6mN7o==","host_id":'
    b'"hostU5erId0000000001","topic":"Ethics update","type":2,"start_time":"2027-03-10T08:55:02Z",'
    b'"timezone":"Europe/London","duration":90,"participant":{"user_id":"16778240","user_name":'
    b'"Jo Example","id":"","participant_uuid":"E1F2A3B4-0000-4C5D-8E9F-000000000001",'
    b'"participant_user_id":"","join_time":"2027-03-10T08:58:51Z","email":"","registrant_id":'
    b'"rEg1sTr4nt-000001","customer_key":"","phone_number":""}}}}'
)
Z03_SIGNATURE = "v0=21a0d20f179938f1a4c48ac720d5bcf4ca21a3163e65e154fffc7b0e59da6ef2"
STRIPE_SECRET, STRIPE_TIME = "whsec_test_local", "1771495000"
STRIPE_BODY = (
    b'{"id":"evt_1Test","object":"event","api_version":"2026-10-28.endive","created":1771494998,'
    b'"type":"payment_intent.succeeded","livemode":false,"data":{"object":{"id":"pi_1Test",'
    b'"object":"payment_intent"}}}'
)
STRIPE_SIGNATURE = "bb751c7ea0d70284f74a03b0a9f49f1bdafa70bdb03778c1813d0eb2670660a9"


def require_zoom(body=ZOOM_BODY, *, now=int(ZOOM_TIME), secrets=(ZOOM_SECRET,), **headers):
    given = {"x-zm-request-timestamp": ZOOM_TIME, "x-zm-signature": ZOOM_SIGNATURE}
    given |= {f"x-zm-{name.replace('_', '-')}": value for name, value in headers.items()}
    signatures.require_zoom(body, given, secrets=secrets, now=now, tolerance=300)


def require_stripe(header, *, body=STRIPE_BODY, now=int(STRIPE_TIME), secrets=(STRIPE_SECRET,)):
    headers = {"stripe-signature": header}
    signatures.require_stripe(body, headers, secrets=secrets, now=now, tolerance=300)


@pytest.mark.parametrize(
    ("body", "timestamp", "expected"),
    [(ZOOM_BODY, ZOOM_TIME, ZOOM_SIGNATURE), (Z03, Z03_TIME, Z03_SIGNATURE)],
    ids=["short", "Z03"],
)
def test_zoom_signature_vectors(body, timestamp, expected):
    assert signatures.zoom_signature(body, timestamp, ZOOM_SECRET) == expected


def test_zoom_challenge_vector():
    answer = signatures.zoom_challenge("qgg8vlvZRS6UYooatFL8Aw", ZOOM_SECRET)

    assert answer == "18c3331142c9f3df28f5da1e3d4b4eac8b33c0acebb87a06ead91929025087db"


def test_stripe_signature_vector():
    made = signatures.stripe_signature(STRIPE_BODY, STRIPE_TIME, STRIPE_SECRET)

    assert made == STRIPE_SIGNATURE


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_zoom_message_within_the_tolerance_passes(seconds):
    require_zoom(now=int(ZOOM_TIME) + seconds)


@pytest.mark.parametrize("secrets", [("new", ZOOM_SECRET), (ZOOM_SECRET, "old")])
def test_every_secret_of_a_rotation_verifies(secrets):
    require_zoom(secrets=secrets)


REFUSED_BY_ZOOM = {
    "no signature": {"signature": ""},
    "another secret": {"secrets": ("other",)},
    "no secret left": {"secrets": ()},
    "one byte changed": {"body": ZOOM_BODY.replace(b"123,", b"124,")},
    "a space more": {"body": ZOOM_BODY.replace(b'":', b'": ', 1)},
    "without v0": {"signature": ZOOM_SIGNATURE[3:]},
    "upper case": {"signature": ZOOM_SIGNATURE.upper()},
    "beyond ascii": {"signature": "v0=é\xff"},
    "lone surrogate": {"signature": "v0=\udcff"},
    "too old": {"now": int(ZOOM_TIME) + 301},
    "ahead": {"now": int(ZOOM_TIME) - 301},
    "no time": {"request_timestamp": ""},
    "a word for a time": {"request_timestamp": "now"},
    "a fraction": {"request_timestamp": "1739923528.0"},
    "a sign": {"request_timestamp": "+1739923528"},
    "digits of another script": {"request_timestamp": "١٧٣٩٩٢٣٥٢٨"},
    "a newline": {"request_timestamp": "1739923528\n"},
    "a huge number": {"request_timestamp": "9" * 400},
}


@pytest.mark.parametrize("how", REFUSED_BY_ZOOM.values(), ids=REFUSED_BY_ZOOM)
def test_a_message_zoom_did_not_sign_now_is_refused(how):
    with pytest.raises(InvalidSignature):
        require_zoom(**how)


@pytest.mark.parametrize(
    "header",
    [
        f"t={STRIPE_TIME},v1={STRIPE_SIGNATURE}",
        f"t={STRIPE_TIME}, v1={STRIPE_SIGNATURE}",
        f"v1={STRIPE_SIGNATURE},t={STRIPE_TIME}",
        f"t={STRIPE_TIME},v1={'0' * 64},v1={STRIPE_SIGNATURE},v0=old",
    ],
)
def test_stripe_message_with_a_fitting_signature_passes(header):
    require_stripe(header, secrets=("whsec_new", STRIPE_SECRET))


@pytest.mark.parametrize(
    "header",
    [
        "",
        ",,,",
        "t",
        f"v1={STRIPE_SIGNATURE}",
        f"t={STRIPE_TIME}",
        f"t={STRIPE_TIME},v0={STRIPE_SIGNATURE}",
        f"t={STRIPE_TIME},v1=é",
        f"t=1771495001,v1={STRIPE_SIGNATURE}",
        f"t=soon,v1={STRIPE_SIGNATURE}",
    ],
)
def test_a_message_stripe_did_not_sign_is_refused(header):
    with pytest.raises(InvalidSignature):
        require_stripe(header)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_stale_message_of_stripe_is_refused(seconds):
    with pytest.raises(InvalidSignature):
        require_stripe(f"t={STRIPE_TIME},v1={STRIPE_SIGNATURE}", now=int(STRIPE_TIME) + seconds)
