"""Messages know the event they were sent because of."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("common", "0001_machinery")]

    operations = [
        migrations.AddField(
            model_name="outgoingemail",
            name="part_of_uuid",
            field=models.UUIDField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="outgoingemail",
            index=models.Index(
                condition=models.Q(("part_of_uuid__isnull", False)),
                fields=["part_of_uuid", "-created_at"],
                name="common_email_part_of",
            ),
        ),
    ]
