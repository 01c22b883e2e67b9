"""The worker and the clock of embedded mode, in threads of the server process."""


def start() -> None:
    """Start one worker and one beat, once per process and only in embedded mode."""
