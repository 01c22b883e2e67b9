"""The twelve categories every catalogue begins with."""

from django.db import migrations

CATEGORIES = (
    ("Medicine", "Diagnosis, treatment and clinical practice."),
    ("Nursing", "Nursing practice, wound care and care management."),
    ("Dentistry", "Dental medicine and oral health."),
    ("Pharmacy", "Medicines, dispensing and drug safety."),
    ("Psychology", "Psychotherapy, counselling and mental health."),
    ("Allied health", "Physiotherapy, nutrition, speech and occupational therapy."),
    ("Law", "Legal practice, compliance and regulation."),
    ("Finance and accounting", "Accounting, audit, tax and financial planning."),
    ("Engineering", "Engineering, construction and safety at work."),
    ("Technology", "Software, data and information security."),
    ("Education", "Teaching, training and research."),
    ("Leadership", "Management, ethics and communication."),
)


def add(apps, schema_editor):
    category = apps.get_model("events", "Category")
    category.objects.bulk_create(
        category(name=name, slug=name.lower().replace(" ", "-"), description=text, order=order)
        for order, (name, text) in enumerate(CATEGORIES, start=1)
    )


def remove(apps, schema_editor):
    apps.get_model("events", "Category").objects.filter(
        name__in=[name for name, _ in CATEGORIES], events=None
    ).delete()


class Migration(migrations.Migration):
    dependencies = [("events", "0001_events")]

    operations = [migrations.RunPython(add, remove)]
