"""The tables of docs/api.md are what the API is."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from stellapolicy.management.api_tables import BEGIN, END, inserted, tables

DOCUMENT: dict[str, Any] = {
    "paths": {
        "/api/v1/packs/{name}": {
            "get": {
                "description": "Return a pack.\n\nNeeds scope `policy:read`.",
                "parameters": [{"name": "state", "in": "query"}, {"name": "name", "in": "path"}],
                "responses": {
                    "200": {},
                    "304": {},
                    "404": {"content": {"application/problem+json": {"examples": {"pack.unknown": {}}}}},
                    "429": {"$ref": "#/components/responses/TooManyRequests"},
                },
            }
        },
        "/api/v1/auth/token": {"post": {"description": "For anybody.", "responses": {"201": {}}}},
    }
}


def test_a_line_says_call_scope_success_and_refusals() -> None:
    written = tables(DOCUMENT).splitlines()

    assert "| GET `/packs/{name}` (`state`) | `policy:read` | 200, 304 | pack.unknown 404 |" in written
    assert "| POST `/auth/token` | none | 201 |  |" in written


def test_areas_stand_in_order() -> None:
    headings = [line for line in tables(DOCUMENT).splitlines() if line.startswith("###")]

    assert headings == ["### auth", "### packs"]


def test_what_people_wrote_around_the_tables_stays() -> None:
    page = inserted(f"before\n{BEGIN}\nold\n{END}\nafter\n", DOCUMENT)

    assert page.startswith(f"before\n{BEGIN}\n")
    assert page.endswith(f"{END}\nafter\n")
    assert "old" not in page


def test_a_page_without_marks_is_not_guessed_at() -> None:
    with pytest.raises(ValueError, match="where the tables stand"):
        inserted("no marks", DOCUMENT)


def test_the_command_writes_and_then_agrees(tmp_path: Path) -> None:
    page = tmp_path / "api.md"
    page.write_text(f"{BEGIN}\n{END}\n", encoding="utf-8")

    with pytest.raises(CommandError, match="api_tables"):
        call_command("api_tables", file=page, check=True)
    call_command("api_tables", file=page)
    call_command("api_tables", file=page, check=True)

    assert "/gates/evaluations" in page.read_text(encoding="utf-8")


def test_the_committed_tables_are_what_the_api_is() -> None:
    call_command("api_tables", check=True)
