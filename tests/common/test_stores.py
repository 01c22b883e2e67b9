"""Which store holds the files, and the clock of trial runs."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from storages.backends.gcloud import GoogleCloudStorage
from storages.backends.s3 import S3Storage

from config import env, stores

TELL = """
import time, config.settings.testing
from django.utils import timezone
print(int(time.time()), int(timezone.now().timestamp()))
"""
STATIC = "django.contrib.staticfiles.storage.StaticFilesStorage"


def test_files_lie_in_a_folder_unless_told_otherwise():
    assert stores.storages("local", staticfiles=STATIC) == {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"allow_overwrite": True},
        },
        "staticfiles": {"BACKEND": STATIC},
    }


def test_a_bucket_of_s3_signs_for_its_own_address(monkeypatch):
    values = {
        "S3_BUCKET": "cpd",
        "S3_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)

    options = stores.storages("s3", staticfiles=STATIC)["default"]["OPTIONS"]

    url = S3Storage(**options).url("document/1/a.pdf", expire=600)
    assert url.startswith(
        "https://cpd.s3.eu-west-1.amazonaws.com/document/1/a.pdf?X-Amz-Algorithm="
    )
    assert "X-Amz-Expires=600" in url


def test_an_endpoint_of_one_s_own_is_addressed_by_path(monkeypatch):
    monkeypatch.setenv("S3_BUCKET", "cpd")
    monkeypatch.setenv("S3_ENDPOINT_URL", "http://minio:9000")

    options = stores.storages("s3", staticfiles=STATIC)["default"]["OPTIONS"]

    assert (options["endpoint_url"], "addressing_style" in options) == ("http://minio:9000", False)


def test_google_s_store_is_chosen_by_name(monkeypatch):
    monkeypatch.setenv("GCS_BUCKET", "cpd")

    chosen = stores.storages("gcs", staticfiles=STATIC)["default"]

    assert chosen["BACKEND"].endswith(GoogleCloudStorage.__name__)
    assert chosen["OPTIONS"] == {"bucket_name": "cpd", "file_overwrite": True}


@pytest.mark.parametrize(
    ("store", "missing"), [("s3", "S3_BUCKET"), ("gcs", "GCS_BUCKET"), ("tape", "STORAGE")]
)
def test_a_store_that_is_not_described_stops_the_start(store, missing):
    with pytest.raises(env.MissingSetting, match=missing):
        stores.storages(store, staticfiles=STATIC)


def test_periods_of_retention_are_read_from_the_environment(monkeypatch):
    monkeypatch.setenv("RETENTION_EMAIL_BODIES_DAYS", "7")

    assert env.wholes("RETENTION_", "_DAYS") == {"email_bodies": 7}


def test_the_clock_of_a_trial_run_is_off_by_so_many_seconds():
    told = subprocess.run(
        [
            sys.executable,
            "-c",
            TELL,
        ],
        cwd=settings.BASE_DIR,
        env=os.environ | {"TEST_CLOCK_OFFSET": "86400", "DJANGO_ENV": "testing"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    now = subprocess.run(["date", "+%s"], capture_output=True, text=True, check=True).stdout
    assert [abs(int(moment) - int(now) - 86400) < 60 for moment in told] == [True, True]
