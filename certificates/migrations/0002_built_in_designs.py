"""The designs that everybody has, as data beside the app."""

import json
from pathlib import Path
from uuid import UUID

from django.db import migrations

DESIGNS = Path(__file__).parents[1] / "designs"
BUILT_IN = {
    "classic-1": UUID("6f1b6d0e-5a0c-4c59-9a53-0b7f3f2a7c01"),
    "classic-portrait-1": UUID("6f1b6d0e-5a0c-4c59-9a53-0b7f3f2a7c02"),
}


def add(apps, _schema_editor):
    template = apps.get_model("certificates", "CertificateTemplate")
    for name, chain in BUILT_IN.items():
        facts = json.loads((DESIGNS / f"{name}.json").read_text())
        template.objects.create(uuid=chain, chain=chain, is_builtin=True, version=1, **facts)


def remove(apps, _schema_editor):
    template = apps.get_model("certificates", "CertificateTemplate")
    template.objects.filter(chain__in=BUILT_IN.values()).delete()


class Migration(migrations.Migration):
    dependencies = [("certificates", "0001_certificates")]

    operations = [migrations.RunPython(add, remove)]
