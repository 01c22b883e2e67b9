"""Signing in with a browser, for the browsable API and the admin."""

from http import HTTPStatus
from typing import Any

from django.contrib.auth import logout
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from rest_framework.request import Request

from accounts.forms import SignInForm
from common import throttling
from common.exceptions import RateLimited


class BrowserLoginView(LoginView):
    """The sign-in page; it leads only to pages of this site."""

    form_class = SignInForm
    template_name = "accounts/login.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            throttling.check(Request(request, authenticators=()), self, ("auth",))
        except RateLimited as refusal:
            return self._refuse(refusal)
        return super().post(request, *args, **kwargs)

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        logout(self.request)  # ends whatever this browser was signed in to before
        return super().form_valid(form)

    def throttle_key(self, scope: str) -> str:
        return ""

    def _refuse(self, refusal: RateLimited) -> HttpResponse:
        form = SignInForm(self.request)
        context = self.get_context_data(form=form, refusal=refusal.text)
        headers = {"Retry-After": str(refusal.retry_after)}
        return self.render_to_response(
            context, status=HTTPStatus.TOO_MANY_REQUESTS, headers=headers
        )
