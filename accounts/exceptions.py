"""Refusals that several modules here share."""

from common.exceptions import InvalidRequest, NotAllowed, NotAuthenticated


class AuthenticationFailed(NotAuthenticated):
    code = "AUTHENTICATION_FAILED"
    message = "The credentials are not valid."


class InvalidToken(InvalidRequest):
    code = "INVALID_TOKEN"
    message = "This link is not valid or was used already. Please ask for a new one."


class TokenExpired(InvalidRequest):
    code = "TOKEN_EXPIRED"
    message = "This link has expired. Please ask for a new one."


class EmailNotVerified(NotAllowed):
    code = "EMAIL_NOT_VERIFIED"
    message = "Please verify your e-mail address first."


class ReauthenticationRequired(NotAllowed):
    code = "REAUTHENTICATION_REQUIRED"
    message = "Please confirm your password first."


class MissingParams(InvalidRequest):
    code = "MISSING_PARAMS"
    message = "Both code and state are needed."


class InvalidState(InvalidRequest):
    code = "INVALID_STATE"
    message = "This authorization was not started here, was used, or has expired."
