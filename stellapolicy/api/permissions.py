"""The lock on every door: a view names the scope of each of its methods, or nobody enters."""

from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.kernel.refusals import Refusal

if TYPE_CHECKING:  # the framework loads this module while it loads its own views
    from django.http import HttpRequest
    from rest_framework.views import APIView

# What a method that needs a person or a token, but no particular scope, declares.
SIGNED_IN: Final = "signed_in"


class ScopeUndeclared(Refusal):
    """A view does not say who may enter, so nobody may."""

    code = "scope.undeclared"
    status = HTTPStatus.FORBIDDEN
    title = "Not allowed"


def actor_of(request: "Request | HttpRequest") -> Actor | None:
    """Return who acts, as the middleware found out; None for nobody."""
    # The framework's request wraps the one that went through the middleware.
    actor = getattr(getattr(request, "_request", request), "actor", None)
    return actor if isinstance(actor, Actor) else None


def scope_required(view: "APIView", method: str) -> str | None:
    """Return the scope that a view declares for an HTTP method, several as `a|b`; None if it declares none."""
    declared: dict[str, str] = getattr(view, "required_scopes", {})
    return declared.get("GET" if method == "HEAD" else method)


class HoldsScope(BasePermission):
    """Lets in whoever holds the scope that the view declares for the method."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Refuse with the reason; never answers False."""
        actor = actor_of(request)
        if actor is None:
            raise NotAuthenticated
        method = request.method or ""
        if method not in view.allowed_methods:
            raise MethodNotAllowed(method)
        scope = scope_required(view, method)
        if scope is None:
            raise ScopeUndeclared(f"{type(view).__name__} declares no scope for {method}")
        if scope != SIGNED_IN and not any(actor.holds_anywhere(each) for each in scope.split("|")):
            raise ScopeMissing(f"this needs the scope {scope.replace('|', ' or ')}")
        return True
