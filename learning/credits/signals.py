"""What the credit engine announces, once per posting, with the posting's first row."""

from django.dispatch import Signal

credit_awarded = Signal()  # award
credit_revoked = Signal()  # award
