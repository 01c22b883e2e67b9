"""Read the public catalogue in each of its orders without sorting all of it."""

from django.db import migrations, models

LISTED = models.Q(
    deleted_at=None,
    status__in=["published", "live", "completed", "closed"],
    visibility="public",
)


def index(name, column):
    return migrations.AddIndex(
        model_name="event",
        index=models.Index(fields=[column, "id"], name=name, condition=LISTED),
    )


class Migration(migrations.Migration):
    dependencies = [("events", "0005_invitations_waiting")]

    operations = [
        index("events_listed_start", "starts_at"),
        index("events_listed_created", "created_at"),
        index("events_listed_title", "title"),
        index("events_listed_price", "lowest_price_amount"),
    ]
