import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from stellapolicy.api.middleware import ContentSecurityPolicyMiddleware

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]


def policy_of(path: str) -> set[str]:
    middleware = ContentSecurityPolicyMiddleware(lambda _: HttpResponse())
    header = middleware.process_response(RequestFactory().get(path), HttpResponse())["Content-Security-Policy"]
    return {directive.strip() for directive in header.split(";")}


def test_the_api_loads_nothing_from_anywhere_else() -> None:
    assert policy_of("/api/v1/me") == {
        "default-src 'self'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    }


def test_the_admin_alone_may_evaluate() -> None:
    admin = policy_of("/admin/")

    assert "script-src 'self' 'unsafe-eval'" in admin
    assert "style-src 'self' 'unsafe-inline'" in admin
    assert not any("unsafe-eval" in directive for directive in policy_of("/api/docs"))


@pytest.mark.parametrize("given", ["trace-1", "a" * 64, "A.b_c-9"])
def test_a_harmless_request_id_is_echoed(given: str) -> None:
    assert Client().get("/healthz", headers={"X-Request-Id": given})["X-Request-Id"] == given


@pytest.mark.parametrize("given", ["", "a" * 65, "two words", "x;y", "caf\u00e9"])
def test_any_other_request_id_is_replaced(given: str) -> None:
    echoed = Client().get("/healthz", headers={"X-Request-Id": given})["X-Request-Id"]

    assert echoed != given
    assert len(echoed) == 36
