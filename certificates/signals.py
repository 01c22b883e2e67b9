"""What certificates announces."""

from django.dispatch import Signal

certificate_issued = Signal()  # certificate
certificate_revoked = Signal()  # certificate; also a superseded one, its status tells which
