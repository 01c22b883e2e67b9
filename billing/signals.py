"""What billing announces."""

from django.dispatch import Signal

subscription_changed = Signal()  # subscription
