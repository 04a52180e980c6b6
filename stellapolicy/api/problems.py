"""Every no of the API as RFC 9457 problem details; surprises become a 500 that tells nothing of the inside."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil
from typing import Any, assert_never

import orjson
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import connection, transaction
from django.db.models import ProtectedError
from django.http import Http404, HttpRequest, HttpResponse
from django.views import defaults
from django_fsm import TransitionNotAllowed
from rest_framework import exceptions
from rest_framework.exceptions import ErrorDetail

from stellapolicy.api import request_id
from stellapolicy.api.permissions import actor_of
from stellapolicy.kernel.pointers import below
from stellapolicy.kernel.refusals import Fault, Refusal

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:stellapolicy:problem:"
_CHALLENGE = 'Bearer realm="stellapolicy"'

_Detail = ErrorDetail | list[Any] | dict[str, Any]  # Any: DRF nests errors to any depth


@dataclass(frozen=True, slots=True)
class Problem:
    """One answer that is no."""

    status: HTTPStatus
    code: str
    title: str
    detail: str
    faults: tuple[Fault, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


# What the framework raises, and how the product calls it.
_FRAMEWORK: dict[type[exceptions.APIException], tuple[str, str]] = {
    exceptions.NotAuthenticated: ("auth.missing", "Sign in first"),
    exceptions.AuthenticationFailed: ("auth.failed", "Sign-in failed"),
    exceptions.PermissionDenied: ("forbidden", "Not allowed"),
    exceptions.NotFound: ("not_found", "Not found"),
    exceptions.MethodNotAllowed: ("method.not_allowed", "Method not allowed"),
    exceptions.NotAcceptable: ("media_type.not_acceptable", "No answer in an acceptable form"),
    exceptions.UnsupportedMediaType: ("media_type.unsupported", "The body's form is not understood"),
    exceptions.ParseError: ("body.malformed", "The body cannot be read"),
    exceptions.Throttled: ("rate.limited", "Too many requests"),
}


_PLAIN: tuple[tuple[type[Exception], Problem], ...] = (
    (Http404, Problem(HTTPStatus.NOT_FOUND, "not_found", "Not found", "there is nothing here")),
    (PermissionDenied, Problem(HTTPStatus.FORBIDDEN, "forbidden", "Not allowed", "this is not yours to do")),
    (
        RequestDataTooBig,
        Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "body.too_large", "The body is too large", "send less at once"),
    ),
    (
        TransitionNotAllowed,
        Problem(HTTPStatus.CONFLICT, "state.conflict", "Not possible now", "its present state does not allow this"),
    ),
    (ProtectedError, Problem(HTTPStatus.CONFLICT, "still_referenced", "Still in use", "something depends on it")),
)


def as_problem(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:  # Any: DRF's context
    """Return the problem for an exception of a view, its work undone; None lets a surprise propagate."""
    request = context.get("request")
    problem = problem_of(error, reading=request is None or request.method in {"GET", "HEAD"})
    if problem is None:
        return None
    # Only with an actor is the transaction around us the one of this request.
    if request is not None and actor_of(request) is not None and connection.in_atomic_block:
        transaction.set_rollback(True)
    return response_for(problem)


def problem_of(error: Exception, *, reading: bool) -> Problem | None:
    """Return the problem an exception stands for; `reading` tells a faulty query from a faulty body."""
    match error:
        case Refusal():
            return Problem(error.status, error.code, error.title, error.detail, error.faults)
        case exceptions.ValidationError():
            return _invalid(tuple(_faults(error.detail, "")), reading=reading)
        case DjangoValidationError():
            return _invalid(tuple(_model_faults(error)), reading=reading)
        case exceptions.APIException():
            return _of_framework(error)
        case _:
            return next((problem for kind, problem in _PLAIN if isinstance(error, kind)), None)


def response_for(problem: Problem) -> HttpResponse:
    """Return a problem as a response."""
    body = {
        "type": TYPE_PREFIX + problem.code,
        "title": problem.title,
        "status": problem.status.value,
        "code": problem.code,
        "detail": problem.detail,
        "errors": [
            {"pointer": fault.pointer, "code": fault.code, "message": fault.message} for fault in problem.faults
        ],
        "trace_id": request_id.current(),
    }
    response = HttpResponse(orjson.dumps(body), status=problem.status, content_type=MEDIA_TYPE)
    if problem.status is HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = _CHALLENGE
    for name, value in problem.headers.items():
        response[name] = value
    return response


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that does not exist (`handler404`)."""
    if not request.path.startswith("/api/"):
        return defaults.page_not_found(request, exception)
    return response_for(Problem(HTTPStatus.NOT_FOUND, "not_found", "Not found", "there is nothing here"))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django itself found suspicious (`handler400`)."""
    if not request.path.startswith("/api/"):
        return defaults.bad_request(request, exception)
    return response_for(Problem(HTTPStatus.BAD_REQUEST, "request.malformed", "Not understood", "not a valid request"))


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a request that met a surprise (`handler500`); what it was stands in the log under the trace id."""
    if not request.path.startswith("/api/"):
        return defaults.server_error(request)
    title = "Something went wrong on our side"
    return response_for(Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", title, "quote the trace_id"))


def _of_framework(error: exceptions.APIException) -> Problem:
    status = HTTPStatus(error.status_code)
    code, title = _FRAMEWORK.get(type(error), (f"http.{status.value}", status.phrase))
    headers: dict[str, str] = {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(ceil(wait))
    return Problem(status, code, title, str(error.detail), headers=headers)


def _invalid(faults: tuple[Fault, ...], *, reading: bool) -> Problem:
    counted = f"{len(faults)} fault{'' if len(faults) == 1 else 's'}"
    if reading:
        return Problem(HTTPStatus.BAD_REQUEST, "query.invalid", "The query is not valid", counted, faults)
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "body.invalid", "The body is not valid", counted, faults)


def _faults(detail: _Detail, pointer: str) -> Iterator[Fault]:
    match detail:
        case ErrorDetail():
            yield Fault(pointer, detail.code or "invalid", str(detail))
        case dict():
            for name, inner in detail.items():
                yield from _faults(inner, pointer if name == "non_field_errors" else below(pointer, name))
        case list():
            for index, inner in enumerate(detail):
                yield from _faults(inner, pointer if isinstance(inner, str) else f"{pointer}/{index}")
        case _:
            assert_never(detail)


def _model_faults(error: DjangoValidationError) -> Iterator[Fault]:
    if not hasattr(error, "error_dict"):
        for single in error.error_list:
            yield Fault("", single.code or "invalid", "; ".join(single.messages))
        return
    for name, singles in error.error_dict.items():
        pointer = "" if name == "__all__" else below("", name)
        for single in singles:
            yield Fault(pointer, single.code or "invalid", "; ".join(single.messages))
