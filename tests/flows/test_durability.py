"""A process killed between a commit and its task loses nothing: the next one does the work."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from django.conf import settings

PATIENCE_SECONDS = 120
ADDRESS = "ada@example.org"
PASSWORD = "correct horse battery"


class Installation:
    """The product in a process of its own, on a database of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    @contextmanager
    def serving(self, *, worker: bool) -> Iterator[subprocess.Popen[bytes]]:
        """Run `manage.py serve` until the block ends, then kill it without a warning."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("DJANGO")
        } | {
            "DJANGO_ENV": "development",
            "DATABASE_URL": f"sqlite:///{self.folder}/db.sqlite3",
            "REDIS_URL": "",
            "CELERY_BROKER_URL": "memory://localhost/",
            "EMBEDDED_WORKER": str(worker),
            "MEDIA_ROOT": str(self.folder / "media"),
        }
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", "--port", str(self.port)],
                cwd=settings.BASE_DIR,
                env=environment,
                stdout=log,
                stderr=log,
            )
            try:
                self.wait(lambda: process.poll() is None and self.answers())
                yield process
            finally:
                process.send_signal(signal.SIGKILL)
                process.wait()

    def wait(self, question) -> None:
        """Ask until the answer is yes."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not question():
            assert time.monotonic() < end, (self.folder / "log").read_text()[-4000:]
            time.sleep(0.1)

    def answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).ok
        except requests.ConnectionError:
            return False

    def mails(self) -> list[str]:
        found = requests.get(f"{self.url}/dev/mail.json", {"to": ADDRESS}, timeout=5).json()
        return [message["kind"] for message in found]

    def sign_up(self) -> None:
        answer = requests.post(
            f"{self.url}/api/v1/auth/signup/",
            json={
                "email": ADDRESS,
                "password": PASSWORD,
                "password_confirm": PASSWORD,
                "full_name": "Ada Attendee",
            },
            timeout=30,
        )
        assert answer.status_code == 201, answer.text


@pytest.fixture
def installation(tmp_path) -> Installation:
    return Installation(tmp_path)


def test_a_commit_whose_process_was_killed_has_its_effect_after_the_next_start(installation):
    with installation.serving(worker=False):
        installation.sign_up()
        assert installation.mails() == []

    with installation.serving(worker=True):
        installation.wait(installation.mails)

        assert installation.mails() == ["verification"]
