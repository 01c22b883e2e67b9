"""A newcomer's machine: SQLite, tasks in the process, doubles instead of providers."""

from config.settings.base import *

MAILBOX_SHOWN = True
METRICS_OPEN = True
