"""The sign-in forms of browsers."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest
from django.utils import timezone

from accounts import passwords, second_factor, sign_in
from accounts.models import User
from common.exceptions import DomainError

CODE_LENGTH = 32


class SignInForm(AuthenticationForm):
    """Address and password, judged as the API judges them; a code only where it is asked for."""

    username = forms.EmailField(
        label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        strip=False,
        max_length=passwords.MAX_LENGTH,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    code = forms.CharField(required=False, max_length=CODE_LENGTH, widget=forms.HiddenInput)
    user_cache: User | None
    challenge = ""
    has_second_factor = False

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "username" not in given or "password" not in given:
            return given
        now = timezone.now()
        try:
            user = sign_in.by_password(given["username"].lower(), given["password"], now=now)
            method = sign_in.AuthMethod.PASSWORD
            second_factor.challenge_for(user, auth_method=method, now=now)
            self.user_cache = user
        except second_factor.OtpRequired as asked:
            self._answer(str((asked.details or {})["challenge"]))
        except DomainError as refusal:
            raise forms.ValidationError(refusal.text) from refusal
        return given

    def _answer(self, challenge: str) -> None:
        """Take the code along with the password, or leave the challenge for the second step."""
        code = self.cleaned_data.get("code", "")
        if not code:
            self.challenge = challenge
            raise forms.ValidationError(second_factor.OtpRequired.message)
        self.user_cache = _owner(challenge, code)
        self.has_second_factor = True


class CodeForm(forms.Form):
    """The second step, for those whose password was right: the code."""

    challenge = forms.CharField(required=False, max_length=64, widget=forms.HiddenInput)
    code = forms.CharField(
        label="Code of your authenticator app, or a recovery code",
        max_length=CODE_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "autofocus": True}),
    )
    has_second_factor = True
    user_cache: User | None = None

    def __init__(self, request: HttpRequest | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "code" in given:
            self.user_cache = _owner(given.get("challenge", ""), given["code"])
        return given

    def get_user(self) -> User | None:
        return self.user_cache


def _owner(challenge: str, code: str) -> User | None:
    """Return who answered the challenge by the code; a refusal is told on the form."""
    try:
        return second_factor.answer(challenge, code, now=timezone.now()).user
    except DomainError as refusal:
        raise forms.ValidationError(refusal.text, code=refusal.code) from refusal
