"""Every operation below an organization or an event, and which capability it wants.

A new route gets a row here: method, route, capability, and what it answers to those who have it
in the scene of `test_role_matrix`: an event of the organization with everything that a path may
name. In a body "{members}" stands for the uuid of the scene's row of that collection. A refusal
of the domain is an answer too: it proves that the caller was let in.
"""

from typing import Any, NamedTuple

ROLES = ("owner", "admin", "organizer", "instructor", "staff")
O, A, G, I, S = ROLES  # noqa: E741 -- table columns

# The table of roles and capabilities, one line as it stands in the specification.
TABLE = {
    "organization.view members.view": {O, A, G, I, S},
    "organization.edit": {O, A},
    "organization.transfer organization.delete": {O},
    "billing.manage": {O, A},
    "members.invite members.manage": {O, A},
    "developer.manage": {O, A},
    "audit.view": {O, A},
    "events.view recordings.view certificates.view": {O, A, G, I, S},
    "events.create events.manage": {O, A, G},
    "registrations.view": {O, A, G, I, S},
    "registrations.manage": {O, A, G},
    "attendance.check_in": {O, A, G, S},
    "attendance.manage": {O, A, G},
    "certificates.issue certificates.design": {O, A, G},
    "courses.manage credits.designate": {O, A, G},
    "content.edit grading": {O, A, G, I},
    "recordings.manage": {O, A, G},
    "contacts.manage campaigns.send": {O, A, G},
    "statistics.view exports.make": {O, A, G},
}
HOLDERS = {name: roles for names, roles in TABLE.items() for name in names.split()}
# Not capabilities, but rules of their own: deleting and restoring somebody else's event is for
# the heads of the organization; everybody but the owner may leave.
HOLDERS["events.dispose"] = {O, A}

# Capabilities that no route serves yet, in the order of the apps.
UNSERVED = {
    "billing.manage",
    "attendance.check_in",
    "certificates.design",
    "courses.manage",
    "credits.designate",
    "content.edit",
    "grading",
    "recordings.view",
    "recordings.manage",
    "contacts.manage",
    "campaigns.send",
}

ORGANIZATION = "organizations/<uuid:uuid>/"
MEMBERS = "organizations/<uuid:organization_uuid>/members/"
INVITATIONS = "organizations/<uuid:organization_uuid>/invitations/"
EVENT = "events/<uuid:uuid>/"
NESTED = "events/<uuid:event_uuid>/"
SESSION = f"{NESTED}sessions/<uuid:uuid>/"
FIELDS = f"{NESTED}custom-fields/"
REMINDER = f"{NESTED}reminders/<uuid:uuid>/"
GUESTS = f"{NESTED}invitations/"
REGISTRATION = f"{NESTED}registrations/<uuid:uuid>/"
CERTIFICATE = f"{NESTED}certificates/<uuid:uuid>/"


class Row(NamedTuple):
    """One operation: who may, what those get, what is sent, and how the event stands.

    Restoring looks only among what the caller manages, so `refusal` is 404 there.
    """

    method: str
    route: str
    capability: str
    answer: int
    body: dict[str, Any] = {}
    event: str = "published"
    role_answers: dict[str, int] = {}
    refusal: int = 403
    sent_as: str = "json"


R = Row
ROWS = [
    R("get", ORGANIZATION, "organization.view", 200),
    R("patch", ORGANIZATION, "organization.edit", 200, {"description": "New"}),
    R("put", ORGANIZATION, "organization.edit", 200, {"name": "New"}),
    R("delete", ORGANIZATION, "organization.delete", 409),
    R("delete", ORGANIZATION, "organization.delete", 204, event="cancelled"),
    R("post", f"{ORGANIZATION}restore/", "organization.delete", 200),
    R("post", f"{ORGANIZATION}leave/", "organization.view", 204, role_answers={O: 409}),
    R(
        "post",
        f"{ORGANIZATION}transfer-ownership/",
        "organization.transfer",
        200,
        {"member": "{members}"},
    ),
    R("get", MEMBERS, "members.view", 200),
    R("get", f"{MEMBERS}<uuid:uuid>/", "members.view", 200),
    R("patch", f"{MEMBERS}<uuid:uuid>/", "members.manage", 200, {"role": "instructor"}),
    R("delete", f"{MEMBERS}<uuid:uuid>/", "members.manage", 204),
    R("get", INVITATIONS, "members.invite", 200),
    R("post", INVITATIONS, "members.invite", 201, {"email": "new@example.org", "role": "staff"}),
    R("get", f"{INVITATIONS}<uuid:uuid>/", "members.invite", 200),
    R("delete", f"{INVITATIONS}<uuid:uuid>/", "members.invite", 204),
    R("post", f"{INVITATIONS}<uuid:uuid>/resend/", "members.invite", 200),
    R("get", "organizations/<uuid:organization_uuid>/audit-log/", "audit.view", 200),
    R("get", EVENT, "events.view", 200),
    R("patch", EVENT, "events.manage", 200, {"description": "New"}),
    R("put", EVENT, "events.manage", 400),
    R("delete", EVENT, "events.dispose", 409),
    R("delete", EVENT, "events.dispose", 204, event="cancelled"),
    R("post", f"{EVENT}restore/", "events.dispose", 200, refusal=404),
    R("post", f"{EVENT}duplicate/", "events.manage", 201),
    R("post", f"{EVENT}transfer/", "events.dispose", 400),
    R("get", f"{EVENT}calendar.ics", "events.view", 200),
    R("post", f"{EVENT}publish/", "events.manage", 400),
    R("post", f"{EVENT}unpublish/", "events.manage", 409),
    R("post", f"{EVENT}start/", "events.manage", 200),
    R("post", f"{EVENT}complete/", "events.manage", 400),
    R("post", f"{EVENT}cancel/", "events.manage", 200),
    R("post", f"{EVENT}close/", "events.manage", 200, event="completed"),
    R("post", f"{EVENT}reopen/", "events.manage", 400, {"reason": "More"}),
    R(
        "post",
        f"{EVENT}reschedule/",
        "events.manage",
        200,
        {"starts_at": "2027-04-01T09:00:00Z"},
    ),
    R("get", f"{NESTED}statistics/", "statistics.view", 200),
    R("get", f"{NESTED}statistics/charts/registrations/", "statistics.view", 200),
    R("get", f"{NESTED}statistics/charts/drop-off/", "statistics.view", 200),
    R("get", f"{NESTED}sessions/", "events.view", 200),
    R("get", SESSION, "events.view", 200),
    R("post", f"{SESSION}start/", "events.manage", 200),
    R("post", f"{SESSION}complete/", "events.manage", 400),
    R("post", f"{SESSION}cancel/", "events.manage", 409),
    R(
        "post",
        f"{NESTED}sessions/",
        "events.manage",
        409,
        {"title": "Second", "starts_at": "2027-03-01T11:00:00Z", "duration_minutes": 30},
    ),
    R("post", f"{NESTED}sessions/reorder/", "events.manage", 200, {"order": ["{sessions}"]}),
    R("put", SESSION, "events.manage", 400, {"title": "Other"}),
    R("patch", SESSION, "events.manage", 409, {"title": "Other"}),
    R("delete", SESSION, "events.manage", 409),
    R(
        "post",
        f"{SESSION}reschedule/",
        "events.manage",
        409,
        {"starts_at": "2027-04-01T09:00:00Z"},
    ),
    R("post", f"{SESSION}restore-session/", "events.manage", 400),
    R("get", f"{SESSION}host-link/", "events.manage", 409),
    R("post", f"{EVENT}upload-image/", "events.manage", 400, sent_as="multipart"),
    R("delete", f"{EVENT}upload-image/", "events.manage", 200, sent_as="multipart"),
    R("get", FIELDS, "events.view", 200),
    R("post", FIELDS, "events.manage", 201, {"label": "Diet?", "field_type": "text"}),
    R("post", f"{FIELDS}reorder/", "events.manage", 200, {"order": ["{custom-fields}"]}),
    R("get", f"{FIELDS}<uuid:uuid>/", "events.view", 200),
    R("patch", f"{FIELDS}<uuid:uuid>/", "events.manage", 200, {"label": "Diet?"}),
    R("delete", f"{FIELDS}<uuid:uuid>/", "events.manage", 204),
    R("get", f"{NESTED}meeting/", "events.manage", 200),
    R("post", f"{NESTED}meeting/retry/", "events.manage", 409),
    R("get", f"{NESTED}status-history/", "events.view", 200),
    R("get", f"{NESTED}emails/", "events.manage", 200),
    R("get", f"{NESTED}reminders/", "events.manage", 200),
    R("post", f"{NESTED}reminders/", "events.manage", 201, {"reminder_type": "before_15m"}),
    R("get", REMINDER, "events.manage", 200),
    R("patch", REMINDER, "events.manage", 200, {"reminder_type": "before_15m"}),
    R("delete", REMINDER, "events.manage", 204),
    R("get", GUESTS, "events.manage", 200),
    R("post", GUESTS, "events.manage", 201, {"emails": ["new@example.org"]}),
    R("post", f"{GUESTS}send-all/", "events.manage", 200),
    R("get", f"{GUESTS}<uuid:uuid>/", "events.manage", 200),
    R("patch", f"{GUESTS}<uuid:uuid>/", "events.manage", 200, {"full_name": "Ada"}),
    R("delete", f"{GUESTS}<uuid:uuid>/", "events.manage", 204),
    R("post", f"{GUESTS}<uuid:uuid>/resend/", "events.manage", 400),
    R("get", f"{NESTED}registrations/", "registrations.view", 200),
    R("get", f"{NESTED}registrations/export/", "exports.make", 200),
    R("post", f"{NESTED}registrations/export/", "exports.make", 202),
    R("get", f"{NESTED}registrations/summary/", "registrations.view", 200),
    R("get", f"{NESTED}registrations/waitlist/", "registrations.manage", 200),
    R("post", f"{NESTED}registrations/promote-next/", "registrations.manage", 409),
    R("get", REGISTRATION, "registrations.view", 200),
    R("put", REGISTRATION, "registrations.manage", 200, {"full_name": "Other Name"}),
    R("patch", REGISTRATION, "registrations.manage", 200, {"full_name": "Other Name"}),
    R("delete", REGISTRATION, "registrations.manage", 204),
    R("post", f"{REGISTRATION}approve/", "registrations.manage", 400),
    R("post", f"{REGISTRATION}reject/", "registrations.manage", 400),
    R("post", f"{REGISTRATION}cancel/", "registrations.manage", 200),
    R("post", f"{REGISTRATION}promote/", "registrations.manage", 409),
    R("patch", f"{REGISTRATION}waitlist/", "registrations.manage", 409, {"priority": 1}),
    R("post", f"{REGISTRATION}resend-confirmation/", "registrations.manage", 200),
    R("post", f"{REGISTRATION}restore/", "registrations.manage", 200, refusal=404),
    R("get", f"{REGISTRATION}eligibility/", "registrations.view", 200),
    R(
        "post",
        f"{REGISTRATION}override-attendance/",
        "attendance.manage",
        200,
        {"eligible": True, "reason": "Was seen there"},
        event="completed",
    ),
    R("delete", f"{REGISTRATION}override-attendance/", "attendance.manage", 200),
    R("get", f"{NESTED}aggregate-attendance/", "registrations.view", 200),
    R("get", f"{NESTED}credit-awards/", "registrations.view", 200),
    R("get", f"{NESTED}certificates/", "certificates.view", 200),
    R("get", f"{NESTED}certificates/eligibility/", "certificates.view", 200),
    R("get", f"{NESTED}certificates/summary/", "certificates.view", 200),
    R(
        "post",
        f"{NESTED}certificates/issue/",
        "certificates.issue",
        200,
        {"dry_run": True},
        event="completed",
    ),
    R("get", CERTIFICATE, "certificates.view", 200),
    R("get", f"{CERTIFICATE}history/", "certificates.view", 200),
    R("get", f"{CERTIFICATE}download/", "certificates.view", 409),
    R("post", f"{CERTIFICATE}dismiss-review/", "certificates.issue", 200, {"reason": "Fine"}),
    R("post", f"{CERTIFICATE}rebuild/", "certificates.issue", 409),
    R("post", f"{CERTIFICATE}resend/", "certificates.issue", 409),
    R("post", f"{CERTIFICATE}revoke/", "certificates.issue", 200, {"reason": "Mistake"}),
]

# Operations elsewhere, which name their organization in the body: path, capability, body.
BY_BODY = [
    (
        "events/",
        "events.create",
        {
            "title": "Course",
            "starts_at": "2027-05-01T09:00:00Z",
            "duration_minutes": 60,
            "timezone": "UTC",
            "event_type": "workshop",
            "organization": "{organizations}",
        },
    ),
    (
        "api-tokens/",
        "developer.manage",
        {"name": "Key", "scopes": ["events:read"], "organization": "{organizations}"},
    ),
]
