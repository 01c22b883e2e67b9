"""The test suite: eager tasks, a fast hasher, a database file of its own per process."""

import os
import tempfile
from pathlib import Path

from config.settings.base import *
from config.settings.base import DATABASES

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
SCRATCH = Path(tempfile.mkdtemp(prefix="cpd-tests-"))
MEDIA_ROOT = SCRATCH / "media"
MAIL_DIR = MEDIA_ROOT / "dev-mail"
KEY_DIR = SCRATCH / "keys"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file: threads on Django's in-memory database get "table is locked" at once.
    DATABASES["default"]["TEST"] = {"NAME": str(SCRATCH / "test.sqlite3")}
else:
    DATABASES["default"]["TEST"] = {"NAME": f"test_cpd_{os.getpid()}"}
