import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from stellapolicy.api.permissions import SIGNED_IN, HoldsScope
from tests.stellapolicy.conftest import ApiClients

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]


def views(patterns: list[URLPattern | URLResolver]) -> list[type[APIView]]:
    found: list[type[APIView]] = []
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            found += views(pattern.url_patterns)
        elif isinstance(view := getattr(pattern.callback, "cls", None), type) and issubclass(view, APIView):
            found.append(view)
    return found


def test_a_view_that_declares_no_scope_lets_nobody_in(api_client: ApiClients) -> None:
    response = api_client(scopes=["gate:read"]).get("/api/v1/undeclared")

    assert response.status_code == 403
    assert response.json()["code"] == "scope.undeclared"


def test_a_missing_scope_is_refused_by_its_name(api_client: ApiClients) -> None:
    response = api_client(scopes=["gate:read"]).get("/api/v1/tokens")

    assert response.status_code == 403
    assert response.json()["code"] == "scope.missing"
    assert response.json()["detail"] == "this needs the scope governance:write"


def test_head_needs_what_get_needs(api_client: ApiClients) -> None:
    assert api_client(scopes=["gate:read"]).head("/api/v1/tokens").status_code == 403


@pytest.mark.urls("stellapolicy.urls")
def test_every_endpoint_of_the_product_names_the_scope_of_every_method() -> None:
    from stellapolicy.access.roles import Scope

    open_to_all = [view for view in views(get_resolver().url_patterns) if HoldsScope not in view.permission_classes]
    forgotten = {
        f"{view.__name__} {method}"
        for view in views(get_resolver().url_patterns)
        if HoldsScope in view.permission_classes
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
        if hasattr(view, method.lower())
        and not set(getattr(view, "required_scopes", {}).get(method, "nobody").split("|")) <= {*Scope, SIGNED_IN}
    }

    assert forgotten == set()
    ours = {view.__name__ for view in open_to_all if not view.__module__.startswith("drf_spectacular")}
    assert ours == {"TokenExchange"}, "a door without sign-in"
