"""Signing in with a browser, for the browsable API and the admin."""

from http import HTTPStatus
from typing import Any

from django.contrib.auth import logout
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from accounts import roles, sessions
from accounts.forms import CodeForm, SignInForm
from common import throttling
from common.exceptions import RateLimited


class BrowserLoginView(LoginView):
    """The sign-in page; it leads only to pages of this site.

    Whose second factor is on is asked for a code in a second step, on the same page.
    """

    form_class = SignInForm
    template_name = "accounts/login.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            throttling.check(Request(request, authenticators=()), self, ("auth",))
        except RateLimited as refusal:
            return self._refuse(refusal)
        return super().post(request, *args, **kwargs)

    def get_form_class(self) -> Any:
        return CodeForm if "challenge" in self.request.POST else SignInForm

    def form_valid(self, form: Any) -> HttpResponse:
        logout(self.request)  # ends whatever this browser was signed in to before
        response = super().form_valid(form)
        if form.has_second_factor:
            key = str(self.request.session.session_key)
            sessions.note_second_factor_in_browser(key, now=timezone.now())
        return response

    def form_invalid(self, form: Any) -> HttpResponse:
        challenge = getattr(form, "challenge", "")
        if not challenge:
            return super().form_invalid(form)
        step = CodeForm(initial={"challenge": challenge})
        return self.render_to_response(self.get_context_data(form=step))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        is_kept_out = user.is_authenticated and user.is_staff and not roles.is_platform_staff(user)
        return super().get_context_data(is_kept_out=is_kept_out, **kwargs)

    def throttle_key(self, scope: str) -> str:
        return ""

    def _refuse(self, refusal: RateLimited) -> HttpResponse:
        form = SignInForm(self.request)
        context = self.get_context_data(form=form, refusal=refusal.text)
        headers = {"Retry-After": str(refusal.retry_after)}
        return self.render_to_response(
            context, status=HTTPStatus.TOO_MANY_REQUESTS, headers=headers
        )
