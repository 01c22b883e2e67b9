"""Designs, certificates and what became of them."""

from certificates.models.certificate import Certificate, CertificateStatusHistory
from certificates.models.template import CertificateTemplate

__all__ = ["Certificate", "CertificateStatusHistory", "CertificateTemplate"]
