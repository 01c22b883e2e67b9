"""Run every benchmark: ``make bench``, on PostgreSQL unless DATABASE_URL names another."""

import os
from importlib import import_module

import django

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_ENV", "testing")
    os.environ.setdefault("DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.testing"
    django.setup()
    import_module("benchmarks.run").main()
