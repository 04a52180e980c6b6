"""The view every endpoint stands on."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar, TypeVar, cast

from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import NotAuthenticated
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from stellapolicy.api import idempotency
from stellapolicy.api.pagination import KeysetPagination
from stellapolicy.api.permissions import actor_of
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now
from stellapolicy.kernel.refusals import Refusal

MEBIBYTE = 1024 * 1024

_Row = TypeVar("_Row", bound=Model)


class BodyTooLarge(Refusal):
    """The body is larger than this endpoint reads."""

    code = "body.too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "The body is too large"


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
    """An endpoint: names the scope of each method, limits its body, keeps answers under an `Idempotency-Key`.

    required_scopes: HTTP method to scope (or `permissions.SIGNED_IN`); a method that is not in it is closed.
    page_order: the total order of a list, fields never null and together unique.
    max_body_bytes: refused with 413 before anything is parsed.
    shown_once: members of an answer (secrets) that a replay leaves out.
    """

    required_scopes: ClassVar[Mapping[str, str]] = {}
    page_order: ClassVar[tuple[str, ...]] = ("-id",)
    max_body_bytes: ClassVar[int] = MEBIBYTE
    shown_once: ClassVar[frozenset[str]] = frozenset()
    pagination_class = KeysetPagination
    # Without OPTIONS: the OpenAPI document says what there is.
    http_method_names = ["get", "post", "put", "patch", "delete", "head"]

    _claim: idempotency.Claim | None = None

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
        actor = actor_of(request)
        if actor is None:
            return
        self._refuse_large(request)
        self._claim = idempotency.claim(request._request, actor=actor)  # noqa: SLF001 - the body before parsing
        if self._claim and (answer := idempotency.earlier_answer(self._claim, at=now())):
            self._claim = None
            raise _AnsweredBefore(answer)

    def handle_exception(self, exc: Exception) -> Response:
        """Return the problem of a refusal, or the answer given before."""
        if isinstance(exc, _AnsweredBefore):
            return cast("Response", exc.response)  # rendered already; DRF hands it through
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Response, *args: object, **kwargs: object) -> Response:
        """Keep the answer under the request's key once its bytes are known."""
        final = super().finalize_response(request, response, *args, **kwargs)
        if self._claim is None:
            return final
        if hasattr(final, "add_post_render_callback"):
            final.add_post_render_callback(self._keep)
        else:
            self._keep(final)
        return final

    def page(self, rows: QuerySet[_Row]) -> Response:
        """Answer one page of rows, filtered by the query and rendered by the view's serializer."""
        found = self.paginate_queryset(self.filter_queryset(rows))
        return self.get_paginated_response(self.get_serializer(found, many=True).data)

    def _keep(self, response: HttpResponse) -> None:
        if self._claim is not None:
            idempotency.keep(self._claim, response, at=now(), shown_once=self.shown_once)

    def _refuse_large(self, request: Request) -> None:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > self.max_body_bytes:
            raise BodyTooLarge(f"at most {self.max_body_bytes} bytes are read here, {length} were announced")
