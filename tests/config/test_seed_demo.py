"""The small world of the demo."""

from collections import Counter

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from certificates.models import Certificate
from events.models import Event
from registrations.models import Registration

pytestmark = pytest.mark.django_db


def sizes() -> dict[str, int]:
    managers = {
        model._meta.label: getattr(model, "all_objects", model._default_manager)
        for model in apps.get_models()
    }
    return {label: manager.count() for label, manager in managers.items()}


def test_the_demo_has_events_in_every_status_and_is_made_once(capsys):
    call_command("seed_demo")
    first = sizes()
    call_command("seed_demo")

    statuses = Counter(Event.objects.values_list("status", flat=True))
    assert sizes() == first
    assert set(statuses) == set(Event.Status.values)
    assert "ada@demo.example" in capsys.readouterr().out


def test_the_demo_has_attendance_to_the_minute_and_certificates():
    call_command("seed_demo")

    held = Registration.objects.filter(event__title="Wound care update")
    minutes = dict(held.values_list("full_name", "total_attendance_minutes"))
    certified = Certificate.objects.filter(registration__in=held, status="active")
    # Jo: -5..40 and 45..95 of a 90 minute session are 40 and 45 minutes inside it
    assert minutes == {
        "Jo Example": 85,
        "Sam Sample": 90,
        "Ana Prueba": 40,
        "Nguyễn Thị Hường": 86,
        "Max Missing": 85,
        "Kim Lee": 0,
    }
    assert set(certified.values_list("holder_name", "pdf_status")) == {
        ("Jo Example", "ready"),
        ("Sam Sample", "ready"),
        ("Nguyễn Thị Hường", "ready"),
        ("Max Missing", "ready"),
    }


def test_production_takes_no_demo_data(settings):
    settings.TESTING = False

    with pytest.raises(CommandError):
        call_command("seed_demo")
