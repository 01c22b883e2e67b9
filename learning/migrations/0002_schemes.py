"""The schemes the platform ships."""

from django.db import migrations

from learning.credits import presets


def load(apps, schema_editor):
    presets.load(
        apps.get_model("learning", "CreditScheme"),
        apps.get_model("learning", "CreditSchemeVersion"),
    )


class Migration(migrations.Migration):
    dependencies = [("learning", "0001_credits")]
    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
