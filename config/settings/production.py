"""Production: PostgreSQL, Redis, TLS; every secret named by the environment."""

from config.settings.base import *

SECURE_SSL_REDIRECT = False  # our middleware refuses plain http under /api/ and redirects pages
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# W021: HSTS preload is the operator's irreversible choice. W008: plain http is refused by us.
SILENCED_SYSTEM_CHECKS = ["security.W021", "security.W008"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
