"""The sign-in form of browsers."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.utils import timezone

from accounts import passwords, sign_in
from accounts.models import User
from common.exceptions import DomainError


class SignInForm(AuthenticationForm):
    """Address and password, judged as the API judges them."""

    username = forms.EmailField(
        label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "username"})
    )
    password = forms.CharField(
        strip=False,
        max_length=passwords.MAX_LENGTH,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
    user_cache: User | None

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        if "username" not in given or "password" not in given:
            return given
        try:
            self.user_cache = sign_in.by_password(
                given["username"].lower(), given["password"], now=timezone.now()
            )
        except DomainError as refusal:
            raise forms.ValidationError(refusal.text) from refusal
        return given
