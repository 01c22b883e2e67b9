"""Log lines: JSON in production, readable in development; never a secret, never an address."""

import logging.config
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from common import context

BLANK = "[removed]"
# Keys whose value is never written, however harmless it looks.
SECRET_KEYS = re.compile(
    r"authorization|cookie|password|passwd|secret|signature|token(?!_kind)|api_?key|otp|credential"
    r"|recovery|e?mail$|_email|address(?!ed)",
    re.IGNORECASE,
)
SECRET_TEXT = (
    re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"),
    re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"),  # signed JSON tokens
    re.compile(r"\b(cpd|whsec|sk|rk)_[A-Za-z0-9_]{8,}"),
    re.compile(r"(?<=[?&])[^=&\s]+=[^&\s\"']+"),  # query strings
    re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}"),  # mail addresses
)


def configure(settings: Mapping[str, str]) -> None:
    """Set up standard logging and structlog; Django calls it as `LOGGING_CONFIG`."""
    as_json = settings["format"] == "json"
    shared: list[Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        add_origin,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.format_exc_info,
        structlog.processors.EventRenamer("message"),
        redact,
    ]
    final: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(
            event_key="message", timestamp_key="time", colors=sys.stderr.isatty()
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    logging.config.dictConfig(_standard(shared, final, settings["level"]))


def _standard(shared: list[Processor], final: Processor, level: str) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processors": [
                    *shared,
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    final,
                ],
            }
        },
        "handlers": {"stream": {"class": "logging.StreamHandler", "formatter": "line"}},
        "root": {"handlers": ["stream"], "level": level},
        "loggers": {
            # Our own access line says it without the path, which may hold a token.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            "django.request": {"level": "ERROR"},
            "django.server": {"handlers": [], "level": "ERROR", "propagate": True},
            "django.db.backends": {"level": "INFO"},
            "celery": {"level": "WARNING"},
            "fontTools": {"level": "WARNING"},
            "pyhanko": {"level": "WARNING"},
        },
    }


def add_origin(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Say under which request and for whom the line was written."""
    origin = context.current()
    if origin.request_id:
        event.setdefault("request_id", origin.request_id)
    if origin.actor_uuid:
        event.setdefault("user_uuid", str(origin.actor_uuid))
    return event


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank secrets by the name of their key and by their look inside texts."""
    for key, value in event.items():
        event[key] = _clean(key, value)
    return event


def _clean(key: str, value: Any) -> Any:
    if key.startswith("_"):
        return value  # structlog's own, removed before rendering
    if SECRET_KEYS.search(key) and value not in (None, "", True, False):
        return BLANK
    if isinstance(value, str):
        return _without_secrets(value)
    if isinstance(value, Mapping):
        return {inner: _clean(str(inner), part) for inner, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", part) for part in value]
    return value


def _without_secrets(text: str) -> str:
    for pattern in SECRET_TEXT:
        text = pattern.sub(BLANK, text)
    return text
