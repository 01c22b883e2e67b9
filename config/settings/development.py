"""A newcomer's machine: SQLite, tasks in the process, doubles instead of providers."""

from config import env
from config.settings.base import *

MAILBOX_SHOWN = True
METRICS_OPEN = True
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "common.mail_transport.DevelopmentBackend")
