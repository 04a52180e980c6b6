import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]

PAGES = ["/api/docs", "/api/docs?script=", "/api/redoc"]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_documentation_names_no_other_host(page: str) -> None:
    text = Client().get(page).content.decode()

    assert re.findall(r"(?:https?:)?//[a-z0-9-]+(?:\.[a-z0-9-]+)+", text) == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_of_the_documentation_runs_no_inline_script(page: str) -> None:
    text = Client().get(page).content.decode()

    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", text) == []


@pytest.mark.parametrize("page", ["/api/docs", "/api/redoc"])
def test_every_file_of_the_documentation_is_ours(page: str) -> None:
    text = Client().get(page).content.decode()

    files = re.findall(r'(?:src|href)="/static/([^"]+)"', text)

    assert files
    assert all(finders.find(file) for file in files)


@pytest.mark.parametrize("page", ["/api/docs", "/api/redoc"])
def test_the_documentation_searches_in_a_worker_of_its_own(page: str) -> None:
    policy = Client().get(page)["Content-Security-Policy"]

    assert "worker-src 'self' blob:" in policy
    assert "unsafe-eval" not in policy
    assert "script-src" not in policy


def test_the_reader_knows_where_the_document_is() -> None:
    assert 'spec-url="/api/v1/openapi.json"' in Client().get("/api/redoc").content.decode()
    assert "/api/v1/openapi.json" in Client().get("/api/docs?script=").content.decode()
