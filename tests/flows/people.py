"""The people of the stories: each knows only what a client knows."""

import re
from email.utils import parseaddr
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from django.core import mail
from rest_framework.test import APIClient

PASSWORD = "correct horse battery"


class Person:
    """Somebody with an address, a browser and perhaps an account."""

    def __init__(self, email: str, full_name: str) -> None:
        self.email = email
        self.full_name = full_name
        self.api = APIClient()

    def sign_up(self) -> "Person":
        """Make an account and prove the address by the token in the mail."""
        body = {
            "email": self.email,
            "password": PASSWORD,
            "password_confirm": PASSWORD,
            "full_name": self.full_name,
        }
        self.post("auth/signup/", body, status=201)
        self.post("auth/verify-email/", {"token": self.mailed_token("verification")})
        self.sign_in()
        return self

    def sign_in(self) -> None:
        """Open a session; later calls carry its access token."""
        self.api.credentials()
        answer = self.post("auth/token/", {"email": self.email, "password": PASSWORD})
        self.api.credentials(HTTP_AUTHORIZATION=f"Bearer {answer['access']}")

    def connect_zoom(self) -> None:
        """Grant access at Zoom and bring back what it sends."""
        url = self.get("users/me/zoom/connect/")["authorization_url"]
        sent_back = requests.get(url, allow_redirects=False, timeout=5).headers["Location"]
        query = parse_qs(urlsplit(sent_back).query)
        self.post("users/me/zoom/callback/", {"code": query["code"][0], "state": query["state"][0]})

    def get(self, path: str, *, status: int = 200, **query: Any) -> Any:
        """GET under the API and return the body."""
        return self._read(self.api.get(_url(path), query), path, status)

    def post(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        """POST JSON under the API and return the body."""
        return self._read(self.api.post(_url(path), body or {}, format="json"), path, status)

    def patch(self, path: str, body: Any, *, status: int = 200) -> Any:
        """PATCH JSON under the API and return the body."""
        return self._read(self.api.patch(_url(path), body, format="json"), path, status)

    def delete(self, path: str, *, status: int = 204) -> Any:
        """DELETE under the API and return the body."""
        return self._read(self.api.delete(_url(path)), path, status)

    def mails(self) -> list[str]:
        """Return the kinds of the messages that reached this address, oldest first."""
        return [message.tags[0] for message in mail.outbox if self._is_for_me(message)]

    def mailed(self, kind: str) -> str:
        """Return the text of the newest message of a kind."""
        found = [
            message.body
            for message in mail.outbox
            if message.tags == [kind] and self._is_for_me(message)
        ]
        assert found, f"no {kind} among {self.mails()}"
        return str(found[-1])

    def mailed_link(self, kind: str) -> str:
        """Return the first link of the newest message of a kind."""
        return re.findall(r"https?://\S+", self.mailed(kind))[0]

    def mailed_token(self, kind: str) -> str:
        """Return the token carried by the first link of the newest message of a kind."""
        return parse_qs(urlsplit(self.mailed_link(kind)).query)["token"][0]

    def _is_for_me(self, message: Any) -> bool:
        return parseaddr(message.to[0])[1] == self.email

    def _read(self, response: Any, path: str, status: int) -> Any:
        assert response.status_code == status, (path, response.status_code, response.content)
        return response.json() if response.content else None


def _url(path: str) -> str:
    return path if path.startswith("/") else f"/api/v1/{path}"
