"""How the API's description speaks of problems: each status once, each refusal by its code, all with an example."""

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from stellapolicy.api.problems import MEDIA_TYPE, TYPE_PREFIX
from stellapolicy.kernel.refusals import Refusal

_TRACE: Final = "0b9d7f6c2a5e4f1b"
_SCHEMA: Final = {"$ref": "#/components/schemas/Problem"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One status an endpoint may refuse with: the name of its component, what it means, and an example."""

    name: str
    description: str
    code: str
    title: str
    detail: str
    pointer: str = ""


ANSWERS: Final[dict[HTTPStatus, Answer]] = {
    HTTPStatus.BAD_REQUEST: Answer(
        "BadRequest",
        "The query or the body cannot be understood.",
        "query.invalid",
        "The query is not valid",
        "1 fault",
        "/since",
    ),
    HTTPStatus.UNAUTHORIZED: Answer(
        "Unauthorized",
        "Nobody signed in, or the token is unknown, expired or revoked.",
        "token.expired",
        "Sign-in failed",
        "the token ci has expired",
    ),
    HTTPStatus.FORBIDDEN: Answer(
        "Forbidden",
        "The scope is missing, or another tenant was asked for.",
        "scope.missing",
        "A scope is missing",
        "this needs the scope gate:evaluate",
    ),
    HTTPStatus.NOT_FOUND: Answer(
        "NotFound",
        "There is nothing here, or it belongs to another tenant.",
        "not_found",
        "Not found",
        "there is nothing here",
    ),
    HTTPStatus.NOT_ACCEPTABLE: Answer(
        "NotAcceptable",
        "There is no answer in the form asked for.",
        "media_type.not_acceptable",
        "No answer in an acceptable form",
        "Could not satisfy the request Accept header.",
    ),
    HTTPStatus.CONFLICT: Answer(
        "Conflict",
        "Its present state does not allow this, or the idempotency key was used before.",
        "idempotency.key_reused",
        "The idempotency key was used before",
        "Idempotency-Key build-4711 came with another body before",
    ),
    HTTPStatus.PRECONDITION_FAILED: Answer(
        "PreconditionFailed",
        "The resource is not, or no longer, the version named by `If-Match`.",
        "precondition.failed",
        "It has changed meanwhile",
        "If-Match names another version",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: Answer(
        "ContentTooLarge",
        "The body is larger than this endpoint reads.",
        "body.too_large",
        "The body is too large",
        "at most 1048576 bytes are read here, 2097152 were announced",
    ),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: Answer(
        "UnsupportedMediaType",
        "The body's form is not understood.",
        "media_type.unsupported",
        "The body's form is not understood",
        'Unsupported media type "text/csv" in request.',
    ),
    HTTPStatus.UNPROCESSABLE_ENTITY: Answer(
        "UnprocessableContent",
        "The body is understood and not valid; `errors` names each place.",
        "body.invalid",
        "The body is not valid",
        "1 fault",
        "/name",
    ),
    HTTPStatus.TOO_MANY_REQUESTS: Answer(
        "TooManyRequests",
        "More requests than the limit allows; `Retry-After` says when the next window begins.",
        "rate.limited",
        "Too many requests",
        "300 requests were allowed Expected available in 17 seconds.",
    ),
    HTTPStatus.SERVICE_UNAVAILABLE: Answer(
        "ServiceUnavailable",
        "Something this needs does not answer at the moment.",
        "rate.uncounted",
        "Try again in a moment",
        "requests cannot be counted at the moment",
    ),
}
_WAIT: Final = {"Retry-After": {"description": "Seconds until the next window.", "schema": {"type": "integer"}}}


def components() -> dict[str, Any]:  # Any: OpenAPI
    """Return the shared responses by name."""
    return {answer.name: _response(status, answer) for status, answer in ANSWERS.items()}


def reference(status: HTTPStatus) -> dict[str, Any]:  # Any: OpenAPI
    """Return the reference to the shared response of a status."""
    return {"$ref": f"#/components/responses/{ANSWERS[status].name}"}


def response(status: HTTPStatus, refusals: Iterable[type[Refusal]]) -> dict[str, Any]:  # Any: OpenAPI
    """Return the response of a status that an endpoint refuses with for reasons of its own, one example for each."""
    named = sorted(refusals, key=lambda refusal: refusal.code)
    described = ANSWERS[status].description if status in ANSWERS else status.phrase
    codes = ", ".join(f"`{refusal.code}`" for refusal in named)
    examples = {
        refusal.code: {
            "summary": refusal.title,
            "value": _problem(status, refusal.code, refusal.title, inspect.getdoc(refusal) or refusal.title),
        }
        for refusal in named
    }
    content = {MEDIA_TYPE: {"schema": _SCHEMA, "examples": examples}}
    return {"description": f"{described} Here also: {codes}.", "content": content}


def _response(status: HTTPStatus, answer: Answer) -> dict[str, Any]:  # Any: OpenAPI
    example = _problem(status, answer.code, answer.title, answer.detail, answer.pointer)
    whole: dict[str, Any] = {
        "description": answer.description,
        "content": {MEDIA_TYPE: {"schema": _SCHEMA, "example": example}},
    }
    if status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}:
        whole["headers"] = _WAIT if status is HTTPStatus.TOO_MANY_REQUESTS else {}
    return whole


def _problem(status: HTTPStatus, code: str, title: str, detail: str, pointer: str = "") -> dict[str, Any]:  # Any: JSON
    faults = [{"pointer": pointer, "code": "invalid", "message": "Not a valid value."}] if pointer else []
    return {
        "type": TYPE_PREFIX + code,
        "title": title,
        "status": status.value,
        "code": code,
        "detail": detail,
        "errors": faults,
        "trace_id": _TRACE,
    }
