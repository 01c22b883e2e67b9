"""Numbers about events in answers."""

from rest_framework import serializers

from common.serializers import Serializer
from events import reports
from events.serializers.reading import EventSummarySerializer


def _rate() -> serializers.DecimalField:
    return serializers.DecimalField(max_digits=8, decimal_places=2, allow_null=True)


class MoneySerializer(Serializer):
    """An amount in minor units of its currency."""

    amount = serializers.IntegerField()
    currency = serializers.CharField()


class EventTicketSalesSerializer(Serializer):
    """How one kind of ticket sold."""

    name = serializers.CharField()
    sold = serializers.IntegerField()
    revenue = MoneySerializer()


class AttendanceFiguresSerializer(Serializer):
    """Attendance of those whose place was sure; percent with two places."""

    attended = serializers.IntegerField()
    attendance_rate = _rate()
    average_percent = _rate()
    average_minutes = _rate()


class DayCountSerializer(Serializer):
    """How many registered on one day."""

    date = serializers.DateField()
    count = serializers.IntegerField()


class PresenceSerializer(Serializer):
    """How many were present so many minutes after the start."""

    minute = serializers.IntegerField()
    present = serializers.IntegerField()


class SessionFiguresSerializer(Serializer):
    """How one session went."""

    uuid = serializers.UUIDField()
    title = serializers.CharField()
    attendance_count = serializers.IntegerField()
    drop_off = PresenceSerializer(many=True)


class ChartLinkSerializer(Serializer):
    """Where a drawing is found, and what it shows in words."""

    name = serializers.CharField()
    url = serializers.URLField()
    text = serializers.CharField()


class EventStatisticsSerializer(Serializer):
    """How one event is doing. Days are told in the caller's time zone."""

    total_attendees = serializers.IntegerField()
    available_spots = serializers.IntegerField(allow_null=True)
    waitlist_count = serializers.IntegerField()
    reviews_count = serializers.IntegerField()
    average_rating = _rate()
    total_revenue = MoneySerializer()
    refunded = MoneySerializer()
    registrations = serializers.DictField(child=serializers.IntegerField())
    attendance = AttendanceFiguresSerializer()
    certificate_count = serializers.IntegerField()
    invitations = serializers.DictField(child=serializers.IntegerField())
    registrations_by_day = DayCountSerializer(many=True)
    tickets = EventTicketSalesSerializer(many=True)
    rating_histogram = serializers.DictField(child=serializers.IntegerField())
    sessions = SessionFiguresSerializer(many=True)
    charts = ChartLinkSerializer(many=True)


class ChartQuerySerializer(Serializer):
    """Which session is drawn; the first one unless it is named."""

    session = serializers.UUIDField(required=False)


class EventNameSerializer(Serializer):
    """An event by its name."""

    uuid = serializers.UUIDField()
    title = serializers.CharField()


class AttentionSerializer(Serializer):
    """Something somebody should look at."""

    kind = serializers.CharField()
    event = EventNameSerializer()
    message = serializers.CharField()


class TotalsSerializer(Serializer):
    """What the last thirty days brought."""

    registrations = serializers.IntegerField()
    attendance = serializers.IntegerField()
    certificates = serializers.IntegerField()


class PlanUseSerializer(Serializer):
    """How much of a limit is used; a maximum of null is unlimited."""

    used = serializers.IntegerField()
    max = serializers.IntegerField(allow_null=True)


class DashboardSerializer(Serializer):
    """How things stand with the caller's events."""

    counts = serializers.DictField(child=serializers.IntegerField())
    upcoming = EventSummarySerializer(many=True)
    needs_attention = AttentionSerializer(many=True)
    totals = TotalsSerializer()
    plan = serializers.DictField(child=PlanUseSerializer())


class ReportQuerySerializer(Serializer):
    """Which days, and whose events."""

    period = serializers.ChoiceField(choices=reports.PERIODS, default=reports.USUAL)
    organization = serializers.UUIDField(required=False)


class ReportSummarySerializer(Serializer):
    """The period in four numbers."""

    total_revenue = MoneySerializer(many=True)
    total_attendees = serializers.IntegerField()
    events_hosted = serializers.IntegerField()
    average_rating = _rate()


class TrendSerializer(Serializer):
    """What came in on one day."""

    date = serializers.DateField()
    registrations = serializers.IntegerField()
    revenue = MoneySerializer(many=True)


class TicketBreakdownSerializer(Serializer):
    """How tickets of one name sold, each currency for itself."""

    name = serializers.CharField()
    sold = serializers.IntegerField()
    revenue = MoneySerializer(many=True)


class TransactionSerializer(Serializer):
    """Money that came in for one registration."""

    reference = serializers.CharField()
    event = EventNameSerializer()
    amount = serializers.IntegerField()
    currency = serializers.CharField()
    payment_status = serializers.CharField()
    paid_at = serializers.DateTimeField()


class ReportSerializer(Serializer):
    """How events did in a period. Days are told in the caller's time zone."""

    period = serializers.ChoiceField(choices=reports.PERIODS)
    since = serializers.DateTimeField()
    until = serializers.DateTimeField()
    summary = ReportSummarySerializer()
    trends = TrendSerializer(many=True)
    ticket_breakdown = TicketBreakdownSerializer(many=True)
    recent_transactions = TransactionSerializer(many=True)
