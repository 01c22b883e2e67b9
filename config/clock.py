"""The clock of trial runs: everything in the process tells a time so many seconds from the real."""

from datetime import datetime, timedelta

from config import env

_shifted: list[object] = []


def shift(seconds: int) -> None:
    """Move the clock of this process, once: expiry of links, tokens and offers can be tried out.

    Tokens are checked by libraries that read the system's clock themselves, so the clock moves as
    a whole instead of each reading of it.
    """
    try:
        import time_machine  # noqa: PLC0415 -- a development dependency
    except ImportError as error:
        raise env.MissingSetting("TEST_CLOCK_OFFSET needs the development packages.") from error
    if not _shifted:
        target = datetime.now().astimezone() + timedelta(seconds=seconds)
        traveller = time_machine.travel(target, tick=True)
        traveller.start()
        _shifted.append(traveller)
