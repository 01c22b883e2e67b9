"""What accounts announces."""

from django.dispatch import Signal

email_verified = Signal()  # user
organizer_upgraded = Signal()  # user
organizer_downgraded = Signal()  # user
account_erased = Signal()  # user
membership_changed = Signal()  # membership
