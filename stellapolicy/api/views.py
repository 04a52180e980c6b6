"""The view every endpoint stands on."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar, cast

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from stellapolicy.api import idempotency, preconditions, throttling
from stellapolicy.api.pagination import PAGE_PARAMETERS, KeysetPagination
from stellapolicy.api.permissions import actor_of
from stellapolicy.api.throttling import Allowance, Limit
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.refusals import Fault, Refusal

MEBIBYTE = 1024 * 1024

_Row = TypeVar("_Row", bound=Model)
_READING = frozenset({"GET", "HEAD"})


class BodyTooLarge(Refusal):
    """The body is larger than this endpoint reads."""

    code = "body.too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "The body is too large"


class QueryUnknown(Refusal):
    """A list is narrowed by something it does not know; ignoring that would answer with more than was asked for."""

    code = "query.unknown"
    status = HTTPStatus.BAD_REQUEST
    title = "No such query parameter"


class ActorRequest(Request):
    """A request of somebody who was let in."""

    @property
    def actor(self) -> Actor:
        """Who acts; refuses nobody with 401."""
        actor = actor_of(self._request)
        if actor is None:
            raise NotAuthenticated
        return actor


class _AnsweredBefore(Exception):  # noqa: N818 - reads as a sentence
    """This very request was answered before."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


class ScopedView(GenericAPIView[Any]):  # Any: rows of any model
    """An endpoint: names the scope of each method, limits body and rate, keeps answers, speaks conditionally.

    required_scopes: HTTP method to scope (or `permissions.SIGNED_IN`); a method that is not in it is closed.
    page_order: the total order of a list, fields never null and together unique.
    max_body_bytes: refused with 413 before anything is parsed.
    shown_once: members of an answer (secrets) that a replay leaves out.
    throttle: what its requests are counted as; by method where it says nothing.
    tagged: methods that call `etag`.
    refusals: HTTP method to the refusals it can end in beyond those of every endpoint, for the description of the API.
    query_parameters: what a list reads from the query besides its filters and its page.
    """

    required_scopes: ClassVar[Mapping[str, str]] = {}
    page_order: ClassVar[tuple[str, ...]] = ("-id",)
    max_body_bytes: ClassVar[int] = MEBIBYTE
    shown_once: ClassVar[frozenset[str]] = frozenset()
    throttle: ClassVar[Limit | None] = None
    tagged: ClassVar[frozenset[str]] = frozenset()
    refusals: ClassVar[Mapping[str, tuple[type[Refusal], ...]]] = {}
    query_parameters: ClassVar[frozenset[str]] = frozenset()
    pagination_class = KeysetPagination
    # Without OPTIONS: the OpenAPI document says what there is.
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]

    _claim: idempotency.Claim | None = None
    _allowance: Allowance | None = None
    _tag: str | None = None

    def get_queryset(self) -> QuerySet[Any]:  # Any: rows of any model
        """Return no rows, of the model that the view shows: which ones, its methods say."""
        model = getattr(getattr(self.serializer_class, "Meta", None), "model", None)
        return super().get_queryset() if model is None else model._default_manager.none()  # noqa: SLF001 - as Django names it

    def initialize_request(self, request: HttpRequest, *args: object, **kwargs: object) -> ActorRequest:  # noqa: ARG002 - DRF's
        """Return the request as handlers see it."""
        return ActorRequest(
            request,
            parsers=self.get_parsers(),
            authenticators=self.get_authenticators(),
            negotiator=self.get_content_negotiator(),
            parser_context=self.get_parser_context(request),
        )

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Let in or refuse, before any body is read."""
        super().initial(request, *args, **kwargs)
        self._refuse_large(request)
        actor = actor_of(request)
        if actor is None:
            return
        self._claim = idempotency.claim(request._request, actor=actor)  # noqa: SLF001 - the body before parsing
        if self._claim and (answer := idempotency.earlier_answer(self._claim, at=now())):
            self._claim = None
            raise _AnsweredBefore(answer)

    def perform_authentication(self, request: Request) -> None:
        """Find out who asks; whoever is refused too often from one address is told to wait instead."""
        try:
            super().perform_authentication(request)
        except (Refusal, AuthenticationFailed) as refused:
            if getattr(refused, "status", HTTPStatus.UNAUTHORIZED) is HTTPStatus.UNAUTHORIZED:
                self._admit(request, Limit.FAILED_SIGN_IN)
            raise

    def check_permissions(self, request: Request) -> None:
        """Count the request, then let in or refuse."""
        limit = throttling.limit_for(request.method or "", self.throttle, is_known=actor_of(request) is not None)
        self._admit(request, limit)
        super().check_permissions(request)

    def handle_exception(self, exc: Exception) -> Response:
        """Return the problem of a refusal, the answer given before, or that there is nothing new."""
        if isinstance(exc, _AnsweredBefore):
            return cast("Response", exc.response)  # rendered already; DRF hands it through
        if isinstance(exc, preconditions.NotModified):
            return cast("Response", HttpResponse(status=HTTPStatus.NOT_MODIFIED))
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Response, *args: object, **kwargs: object) -> Response:
        """Keep the answer under the request's key once its bytes are known."""
        final = super().finalize_response(request, response, *args, **kwargs)
        for name, value in self._extra_headers(final).items():
            final[name] = value
        if self._claim is None:
            return final
        if hasattr(final, "add_post_render_callback"):
            final.add_post_render_callback(self._keep)
        else:
            self._keep(final)
        return final

    def etag(self, *version: object) -> None:
        """Name the version of the one resource the request is about, and hold the request's conditions against it.

        A reader who has it is answered 304, a writer who means another is refused with 412; a writer calls this with
        the row locked. `version` is whatever tells this answer from every other: digests, numbers, states.
        """
        method = "GET" if self.request.method in _READING else str(self.request.method)
        if method not in self.tagged:
            raise AssertionError(f"{type(self).__name__} does not list {method} as tagged")
        tag = preconditions.tag_of(*version)
        is_reading = method == "GET"
        self._tag = tag if is_reading else None
        asked = self.request.headers
        preconditions.judge(
            tag,
            if_match=asked.get(preconditions.IF_MATCH),
            if_none_match=asked.get(preconditions.IF_NONE_MATCH),
            reading=is_reading,
        )

    def page(self, rows: QuerySet[_Row]) -> Response:
        """Answer one page of rows, filtered by the query and rendered by the view's serializer."""
        self._refuse_unknown_query(rows)
        found = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(self.get_serializer(found, many=True).data)

    def _admit(self, request: Request, limit: Limit) -> None:
        self._allowance = throttling.take(limit, request._request, at=now())  # noqa: SLF001 - as the address came
        if self._allowance is not None:
            self._allowance.require()

    def _extra_headers(self, response: HttpResponse) -> dict[str, str]:
        headers = self._allowance.headers if self._allowance else {}
        if self._tag is not None and response.status_code in {HTTPStatus.OK, HTTPStatus.NOT_MODIFIED}:
            headers |= {"ETag": self._tag, "Cache-Control": "private, no-cache"}
        return headers

    def _refuse_unknown_query(self, rows: QuerySet[_Row]) -> None:
        known = PAGE_PARAMETERS | self.query_parameters
        for backend in self.filter_backends:
            filterset = cast("DjangoFilterBackend", backend()).get_filterset_class(self, rows)
            known |= set(filterset.base_filters) if filterset else set()
        unknown = sorted(set(self.request.query_params) - known)
        if unknown:
            faults = tuple(Fault(name, QueryUnknown.code, "is not known here") for name in unknown)
            raise QueryUnknown(f"this list knows {', '.join(sorted(known))}", faults=faults)

    def _keep(self, response: HttpResponse) -> None:
        if self._claim is not None:
            idempotency.keep(self._claim, response, at=now(), shown_once=self.shown_once)

    def _refuse_large(self, request: Request) -> None:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > self.max_body_bytes:
            raise BodyTooLarge(f"at most {self.max_body_bytes} bytes are read here, {length} were announced")
