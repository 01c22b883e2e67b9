"""Settings shared by every environment; the others only override."""

import hashlib
from pathlib import Path
from typing import Any

import django_stubs_ext
from corsheaders.defaults import default_headers
from kombu import Queue

from common.openapi import components, tags
from config import clock, env, schedule, stores

# Django's generic classes can then be subscripted at run time too: ModelAdmin[Event].
django_stubs_ext.monkeypatch()

BASE_DIR = env.BASE_DIR

# --- identity of the installation
SECRET_KEY = env.text("SECRET_KEY", "development-only-key-" + "x" * 40, required=True, at_least=50)
SECRET_KEY_FALLBACKS = env.texts("SECRET_KEY_FALLBACKS")
DEBUG = env.flag("DEBUG", default=not env.in_production())
TESTING = False
env.refused_in_production("DEBUG", DEBUG, allowed=False)
ALLOWED_HOSTS = env.texts("ALLOWED_HOSTS", ("localhost", "127.0.0.1", "[::1]"), required=True)
PUBLIC_BASE_URL = env.text("PUBLIC_BASE_URL", "http://localhost:8000", required=True).rstrip("/")
FRONTEND_URL = env.text("FRONTEND_URL", "http://localhost:3000", required=True).rstrip("/")
CSRF_TRUSTED_ORIGINS = env.texts("CSRF_TRUSTED_ORIGINS", required=True)
CORS_ALLOWED_ORIGINS = env.texts("CORS_ALLOWED_ORIGINS", (FRONTEND_URL,))
CORS_URLS_REGEX = r"^/(api|files)/"
CORS_ALLOW_HEADERS = [
    *default_headers,
    "idempotency-key",
    "if-match",
    "if-none-match",
    "x-request-id",
]
CORS_EXPOSE_HEADERS = [
    "ETag",
    "Link",
    "Location",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "X-Request-ID",
    "Idempotency-Replayed",
    "Content-Disposition",
]
# Plain http: refused under /api/, redirected on pages. On in production.
HTTPS_REQUIRED = False
CSRF_FAILURE_VIEW = "common.views.pages.csrf_failure"
NUM_PROXIES = env.whole("NUM_PROXIES", 0)
BROWSABLE_API = env.flag("BROWSABLE_API", default=True)
TEST_CLOCK_OFFSET = env.whole("TEST_CLOCK_OFFSET", 0)
env.refused_in_production("TEST_CLOCK_OFFSET", TEST_CLOCK_OFFSET, allowed=0)
if TEST_CLOCK_OFFSET:
    clock.shift(TEST_CLOCK_OFFSET)
PROVIDER_DOUBLES = env.flag("PROVIDER_DOUBLES", default=not env.in_production())
env.refused_in_production("PROVIDER_DOUBLES", PROVIDER_DOUBLES, allowed=False)

# --- applications
INSTALLED_APPS = [
    "config",
    "accounts.apps.StaffAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "common",
    "integrations",
    "accounts",
    "billing",
    "events",
    "registrations",
    "recordings",
    "learning",
    "certificates",
    "contacts",
]
MIDDLEWARE = [
    "common.middleware.RequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.authentication.BrowserSessionMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # Before the apps' own: our pages take the place of the framework's.
        "DIRS": [BASE_DIR / "common" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- database: SQLite embedded, PostgreSQL by DATABASE_URL
DATABASE_URL = env.text("DATABASE_URL", f"sqlite:///{BASE_DIR / 'db.sqlite3'}", required=True)
DATABASES: dict[str, dict[str, Any]] = {"default": env.env.db_url_config(DATABASE_URL)}
# How far a title may be from the words searched for: 1 is the same, 0 nothing alike.
SEARCH_OPTIONS = "-c pg_trgm.word_similarity_threshold=0.4"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # Every write transaction takes its turn; this is what row locks do on PostgreSQL.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {
        "connect_timeout": 2,
        "options": f"{SEARCH_OPTIONS} -c lock_timeout=3s -c statement_timeout="
        + ("60s" if env.flag("WORKER_PROCESS", default=False) else "5s"),
        "pool": {"min_size": 1, "max_size": env.whole("DATABASE_POOL_MAX", 8), "timeout": 1.8},
    }

# --- cache, throttles, tasks: process memory embedded, Redis by REDIS_URL
REDIS_URL = env.text("REDIS_URL", required=True)
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}
CELERY_BROKER_URL = env.text("CELERY_BROKER_URL", REDIS_URL or "memory://localhost/")
EMBEDDED_WORKER = env.flag("EMBEDDED_WORKER", default=CELERY_BROKER_URL.startswith("memory:"))
WORKER_THREADS = env.whole("WORKER_THREADS", 2)
CELERY_TASK_IGNORE_RESULT = True
# In memory a message has nothing to come back to: it is taken at once and without a limit, whose
# count of open messages two worker threads can spoil. The row is what is not lost.
_IN_MEMORY = CELERY_BROKER_URL.startswith("memory:")
CELERY_TASK_ACKS_LATE = CELERY_TASK_REJECT_ON_WORKER_LOST = not _IN_MEMORY
CELERY_WORKER_PREFETCH_MULTIPLIER = 0 if _IN_MEMORY else 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Longer than the longest task and the longest countdown (60 s).
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = (
    {"visibility_timeout": 3600, "socket_connect_timeout": 1, "socket_timeout": 1, "max_retries": 0}
    if REDIS_URL
    else {}
)
CELERY_TASK_TIME_LIMIT = 300
CELERY_TASK_SOFT_TIME_LIMIT = 270
CELERY_TASK_DEFAULT_QUEUE = "default"
# A routing key of its own: with a shared one every message would be put into every queue.
CELERY_TASK_QUEUES = [
    Queue(name, routing_key=name) for name in ("default", "mail", "webhooks", "slow")
]
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = schedule.beat()

# --- identity
AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("email", "full_name", "organization_name")},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 8},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
FIELD_ENCRYPTION_KEYS = env.keys("FIELD_ENCRYPTION_KEYS", at_least=43)
JWT_SIGNING_KEYS = env.keys("JWT_SIGNING_KEYS", at_least=32)
JWT_ACCESS_MINUTES = env.whole("JWT_ACCESS_MINUTES", 60)
JWT_REFRESH_DAYS = env.whole("JWT_REFRESH_DAYS", 7)
SESSION_MAX_DAYS = env.whole("SESSION_MAX_DAYS", 90)
SESSION_LIMIT = env.whole("SESSION_LIMIT", 10)
REFRESH_GRACE_SECONDS = env.whole("REFRESH_GRACE_SECONDS", 10)
REAUTH_MINUTES = env.whole("REAUTH_MINUTES", 10)
EMAIL_VERIFICATION_HOURS = env.whole("EMAIL_VERIFICATION_HOURS", 24)
PASSWORD_RESET_MINUTES = env.whole("PASSWORD_RESET_MINUTES", 60)
INVITATION_DAYS = env.whole("INVITATION_DAYS", 7)
ORGANIZATION_DEFAULT_SEATS = env.whole("ORGANIZATION_DEFAULT_SEATS", 5)
STAFF_REQUIRE_OTP = env.flag("STAFF_REQUIRE_OTP", default=env.in_production())
SESSION_COOKIE_AGE = JWT_REFRESH_DAYS * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
LOGIN_URL = "/api-auth/login/"
LOGIN_REDIRECT_URL = "/api/v1/"

# --- API
REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_SCHEMA_CLASS": "common.openapi.schema.Schema",
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.SessionJWTAuthentication",
        "accounts.authentication.ApiTokenAuthentication",
        "accounts.authentication.BrowserSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    # Throttles are counted by common.dispatch, several scopes in one round trip.
    "DEFAULT_THROTTLE_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": [
        "common.parsers.StrictJSONParser",
        "common.parsers.BrowserFormParser",
        "common.parsers.BrowserMultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": [
        "common.renderers.Renderer",
        "common.renderers.BrowsableRenderer",
    ],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "common.renderers.Negotiation",
    "DEFAULT_METADATA_CLASS": "common.metadata.Metadata",
    "DEFAULT_PAGINATION_CLASS": "common.pagination.StandardPagination",
    "DEFAULT_FILTER_BACKENDS": [
        "common.filters.FilterBackend",
        "common.filters.Search",
        "common.filters.Ordering",
    ],
    "PAGE_SIZE": 20,
    "EXCEPTION_HANDLER": "common.errors.exception_handler",
    # `format` is a filter of events; `Accept` chooses the type of an answer.
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "CPD Platform API",
    "DESCRIPTION": "API for managing events, certificates, and CPD tracking",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.1",
    "SCHEMA_PATH_PREFIX": r"/api/v[0-9]",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "APPEND_COMPONENTS": components.build(),
    "POSTPROCESSING_HOOKS": ["common.openapi.hooks.finish"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "docExpansion": "none", "filter": True},
    "TAGS": tags.described(),
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024
THROTTLING_ENABLED = env.flag("THROTTLING_ENABLED", default=True)
THROTTLE_RATES = {
    "anon": env.text("THROTTLE_ANON", "100/hour"),
    "user": env.text("THROTTLE_USER", "1000/hour"),
    "auth": env.text("THROTTLE_AUTH", "20/hour"),
    "refresh": env.text("THROTTLE_REFRESH", "60/hour"),
    "bad_token": env.text("THROTTLE_BAD_TOKEN", "300/hour"),
    "bulk": env.text("THROTTLE_BULK", "30/hour"),
    "import": env.text("THROTTLE_IMPORT", "5/hour"),
    "export": env.text("THROTTLE_EXPORT", "20/hour"),
    "token": env.text("THROTTLE_TOKEN", "60/minute"),
    "verify": env.text("THROTTLE_VERIFY", "60/minute"),
    "verify_upload": env.text("THROTTLE_VERIFY_UPLOAD", "10/minute"),
    "register": env.text("THROTTLE_REGISTER", "300/hour"),
    "register_address": env.text("THROTTLE_REGISTER_ADDRESS", "10/day"),
}

# --- mail and files
EMAIL_BACKEND = env.text("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env.text("EMAIL_HOST", "localhost", required=True)
EMAIL_PORT = env.whole("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env.flag("EMAIL_USE_TLS", default=True)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text(
    "DEFAULT_FROM_EMAIL", "CPD Events <no-reply@localhost>", required=True
)
EMAIL_WEBHOOK_SECRET = env.texts("EMAIL_WEBHOOK_SECRET")
STORAGE = env.text("STORAGE", "local")
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(BASE_DIR / "media")))
MAIL_DIR = Path(env.text("MAIL_DIR", str(MEDIA_ROOT / "dev-mail")))
MAILBOX_SHOWN = False  # /dev/mail/, in development only
SIGNED_URL_SECONDS = env.whole("SIGNED_URL_SECONDS", 600)
PUBLIC_FILES_URL = env.text("PUBLIC_FILES_URL", required=STORAGE != "local").rstrip("/")
STORAGES = stores.storages(
    STORAGE, staticfiles="django.contrib.staticfiles.storage.StaticFilesStorage"
)
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"

# Days by which an installation keeps something longer or shorter, by the rule's name.
RETENTION_DAYS = env.wholes("RETENTION_", "_DAYS")

# --- providers
ZOOM_CLIENT_ID = env.text("ZOOM_CLIENT_ID")
ZOOM_CLIENT_SECRET = env.text("ZOOM_CLIENT_SECRET")
ZOOM_REDIRECT_URI = env.text("ZOOM_REDIRECT_URI", f"{FRONTEND_URL}/settings/zoom/callback")
ZOOM_API_BASE = env.text("ZOOM_API_BASE", "https://api.zoom.us/v2")
ZOOM_OAUTH_BASE = env.text("ZOOM_OAUTH_BASE", "https://zoom.us")
ZOOM_WEBHOOK_SECRET = env.texts("ZOOM_WEBHOOK_SECRET")
ZOOM_WEBHOOK_TOLERANCE_SECONDS = env.whole("ZOOM_WEBHOOK_TOLERANCE_SECONDS", 300)
GOOGLE_CLIENT_ID = env.text("GOOGLE_CLIENT_ID")
GOOGLE_CLIENT_SECRET = env.text("GOOGLE_CLIENT_SECRET")
GOOGLE_REDIRECT_URI = env.text("GOOGLE_REDIRECT_URI", f"{FRONTEND_URL}/auth/google/callback")
GOOGLE_DISCOVERY_URL = env.text("GOOGLE_DISCOVERY_URL")
MICROSOFT_CLIENT_ID = env.text("MICROSOFT_CLIENT_ID")
MICROSOFT_CLIENT_SECRET = env.text("MICROSOFT_CLIENT_SECRET")
MICROSOFT_REDIRECT_URI = env.text(
    "MICROSOFT_REDIRECT_URI", f"{FRONTEND_URL}/auth/microsoft/callback"
)
MICROSOFT_DISCOVERY_URL = env.text("MICROSOFT_DISCOVERY_URL")
STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY")
STRIPE_PUBLISHABLE_KEY = env.text("STRIPE_PUBLISHABLE_KEY")
STRIPE_API_BASE = env.text("STRIPE_API_BASE")
STRIPE_WEBHOOK_SECRET = env.texts("STRIPE_WEBHOOK_SECRET")
STRIPE_WEBHOOK_TOLERANCE_SECONDS = env.whole("STRIPE_WEBHOOK_TOLERANCE_SECONDS", 300)
OUTBOUND_ALLOW_PRIVATE = env.flag("OUTBOUND_ALLOW_PRIVATE", default=False)
env.refused_in_production("OUTBOUND_ALLOW_PRIVATE", OUTBOUND_ALLOW_PRIVATE, allowed=False)
OUTBOUND_PORTS = env.ports("OUTBOUND_PORTS", (443, 8443))

# --- the apps' rules
TRIAL_DAYS = env.whole("TRIAL_DAYS", 14)
TRIAL_PAUSE_DAYS = env.whole("TRIAL_PAUSE_DAYS", 14)
PAST_DUE_GRACE_DAYS = env.whole("PAST_DUE_GRACE_DAYS", 7)
DEFAULT_CURRENCY = env.text("DEFAULT_CURRENCY", "USD")
HOLD_MINUTES = env.whole("HOLD_MINUTES", 30)
OFFER_HOURS = env.whole("OFFER_HOURS", 24)
CERTIFICATE_SIGNING_P12 = env.text("CERTIFICATE_SIGNING_P12")
CERTIFICATE_SIGNING_PASSWORD = env.text("CERTIFICATE_SIGNING_PASSWORD")
KEY_DIR = BASE_DIR / "var" / "keys"  # the development key of certificates, made on first use
CERTIFICATE_TSA_URL = env.text("CERTIFICATE_TSA_URL")
CERTIFICATE_FONT_DIRS = env.texts("CERTIFICATE_FONT_DIRS")
CERTIFICATE_RENEWAL_DAYS = env.texts("CERTIFICATE_RENEWAL_DAYS", ("60", "14"))

# --- observability
LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
LOG_FORMAT = env.text("LOG_FORMAT", "json" if env.in_production() else "console")
LOGGING_CONFIG = "common.logs.configure"
LOGGING = {"format": LOG_FORMAT, "level": LOG_LEVEL}
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
SENTRY_DSN = env.text("SENTRY_DSN")
METRICS_TOKEN = env.text("METRICS_TOKEN")
# Without a token the figures are shown to nobody; the development settings open them.
METRICS_OPEN = False

# --- language and time
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

# Keys derived from one another in development only; production names each of them.
DEVELOPMENT_WEBHOOK_SECRET = hashlib.sha256(f"webhook:{SECRET_KEY}".encode()).hexdigest()
