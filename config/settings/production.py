"""Production: PostgreSQL, Redis, TLS; every secret named by the environment."""

import base64
import binascii

from config import env
from config.settings.base import *
from config.settings.base import (
    FIELD_ENCRYPTION_KEYS,
    JWT_SIGNING_KEYS,
    NUM_PROXIES,
    SECRET_KEY,
    SENTRY_DSN,
    STORAGES,
)

KEY_BYTES = 32
VARIED = 10  # different characters; real randomness of this length has more

for name, secrets in {"SECRET_KEY": [SECRET_KEY], "JWT_SIGNING_KEYS": JWT_SIGNING_KEYS}.items():
    if any(len(set(secret)) < VARIED for secret in secrets):
        raise env.MissingSetting(f"{name} is too simple; make a random one.")
if SECRET_KEY in JWT_SIGNING_KEYS:
    raise env.MissingSetting("JWT_SIGNING_KEYS must differ from SECRET_KEY.")
for key in FIELD_ENCRYPTION_KEYS:
    try:
        is_whole = len(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))) == KEY_BYTES
    except (binascii.Error, ValueError):
        is_whole = False
    if not is_whole:
        raise env.MissingSetting("FIELD_ENCRYPTION_KEYS: every key is 32 bytes in base64url.")

# Our middleware refuses plain http under /api/ and redirects pages.
HTTPS_REQUIRED = True
SECURE_SSL_REDIRECT = False
if NUM_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
# W021: HSTS preload is the operator's irreversible choice. W008: plain http is refused by us.
SILENCED_SYSTEM_CHECKS = ["security.W021", "security.W008"]
STORAGES = {
    **STORAGES,
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

if SENTRY_DSN:
    import sentry_sdk

    # Reports hold no bodies, no local variables and nobody's address.
    sentry_sdk.init(
        dsn=SENTRY_DSN,
        send_default_pii=False,
        max_request_body_size="never",
        include_local_variables=False,
    )
