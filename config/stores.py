"""Which store holds the files: a folder, S3 or Google Cloud Storage."""

from typing import Any

from config import env

STORES = ("local", "s3", "gcs")


def storages(store: str, *, staticfiles: str) -> dict[str, dict[str, Any]]:
    """Return Django's STORAGES for the chosen store."""
    if store not in STORES:
        raise env.MissingSetting(f"STORAGE must be one of {', '.join(STORES)}.")
    files = {"local": _local, "s3": _s3, "gcs": _gcs}[store]
    return {"default": files(), "staticfiles": {"BACKEND": staticfiles}}


def _local() -> dict[str, Any]:
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        # Keys hold a uuid; writing one again is a task that runs twice.
        "OPTIONS": {"allow_overwrite": True},
    }


def _s3() -> dict[str, Any]:
    options: dict[str, Any] = {
        "bucket_name": _named("S3_BUCKET"),
        "region_name": env.text("S3_REGION") or None,
        "endpoint_url": env.text("S3_ENDPOINT_URL") or None,
        "access_key": env.text("AWS_ACCESS_KEY_ID") or None,
        "secret_key": env.text("AWS_SECRET_ACCESS_KEY") or None,
        "signature_version": "s3v4",
        "default_acl": None,
    }
    if not options["endpoint_url"]:
        # With a region alone links would be signed for the path-style global endpoint.
        options["addressing_style"] = "virtual"
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


def _gcs() -> dict[str, Any]:
    options: dict[str, Any] = {"bucket_name": _named("GCS_BUCKET"), "file_overwrite": True}
    if credentials := env.text("GCS_CREDENTIALS_FILE"):
        from google.oauth2 import service_account  # noqa: PLC0415 -- an optional dependency

        options["credentials"] = service_account.Credentials.from_service_account_file(  # type: ignore[no-untyped-call]  # its library has no types
            credentials
        )
    return {"BACKEND": "storages.backends.gcloud.GoogleCloudStorage", "OPTIONS": options}


def _named(variable: str) -> str:
    value = env.text(variable)
    if not value:
        raise env.MissingSetting(f"{variable} must be set for the chosen STORAGE.")
    return value
