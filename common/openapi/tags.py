"""The chapters of the API document, in order."""

TAGS = {
    "auth": "Sign-up, sign-in, sessions and passwords.",
    "users": "The signed-in person's own account and settings.",
    "notifications": "Notices inside the product.",
    "organizations": "Organizations and who belongs to them.",
    "api tokens": "Keys for programs: what they may do, and for how long.",
    "outbound webhooks": "What integrators are told, and where.",
    "zoom": "The organizer's connection to Zoom.",
    "billing": "Plans, subscription and limits.",
    "events": "Events and everything an organizer does with them.",
    "catalogue": "Published events, for everybody.",
    "registrations": "Places at events: registering, and what organizers do with them.",
    "my registrations": "The signed-in person's own places.",
    "guest links": "Places of people without an account, by the link in their mail.",
    "attendance": "Who was there, to the minute.",
    "credits": "What attendance is worth, as an append-only ledger.",
    "certificates": "Certificates: issuing, downloading, revoking.",
    "public": "Checks of certificates, for everybody.",
    "integrations": "Connections to the outside world and what they delivered.",
    "webhooks": "Where providers report to.",
    "jobs": "Long work and its progress.",
    "staff": "Tools of the people who run the platform.",
    "files": "Downloads by signed link.",
    "health": "State of the service and entry points.",
}


def described() -> list[dict[str, str]]:
    """Return the chapters as the document lists them."""
    return [{"name": name, "description": text} for name, text in TAGS.items()]
