"""Find the invitations that wait to be mailed."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("events", "0004_search"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="eventinvitation",
            index=models.Index(
                condition=models.Q(("queued_at__isnull", False)),
                fields=["queued_at"],
                name="events_invitation_waiting",
            ),
        ),
    ]
