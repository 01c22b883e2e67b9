"""The test suite: eager tasks, a fast hasher, a database file of its own per process."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

from config.settings.base import *
from config.settings.base import CACHES, DATABASES, SEARCH_OPTIONS

TESTING = True
DEBUG = False
EMBEDDED_WORKER = False
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
WHITENOISE_AUTOREFRESH = True
STAFF_REQUIRE_OTP = False
# Tests of the throttles switch it on; the counters would join tests otherwise.
THROTTLING_ENABLED = False
# Two processes of one run share Redis, not their keys.
CACHES["default"]["KEY_PREFIX"] = f"test-{os.getpid()}"
SCRATCH = Path(tempfile.mkdtemp(prefix="cpd-tests-"))
atexit.register(shutil.rmtree, SCRATCH, ignore_errors=True)
MEDIA_ROOT = SCRATCH / "media"
MAIL_DIR = MEDIA_ROOT / "dev-mail"
KEY_DIR = SCRATCH / "keys"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file: threads on Django's in-memory database get "table is locked" at once.
    DATABASES["default"]["TEST"] = {"NAME": str(SCRATCH / "test.sqlite3")}
else:
    DATABASES["default"]["TEST"] = {"NAME": f"test_cpd_{os.getpid()}"}
    # Making and dropping a database takes longer than a request may.
    DATABASES["default"]["OPTIONS"]["options"] = (
        f"{SEARCH_OPTIONS} -c lock_timeout=3s -c statement_timeout=60s"
    )
