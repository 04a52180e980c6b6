"""What docs/exceptions-api.md tells people to send is what the API takes."""

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from jsonschema import Draft202012Validator

from tests.processes import ROOT
from tests.walk.operations import document, operations

PAGE = (ROOT / "docs" / "exceptions-api.md").read_text(encoding="utf-8")
BASE = "$STELLA_URL/api/v1"


@dataclass(frozen=True)
class Call:
    """One command of the page."""

    method: str
    address: str
    query: dict[str, list[str]]
    body: Any

    def __str__(self) -> str:
        return f"{self.method} {self.address}"


def calls() -> Iterator[Call]:
    """Give every curl of the page."""
    for block in re.findall(r"```console\n(.*?)```", PAGE, re.DOTALL):
        for command in re.split(r"\n(?=\S*curl |python )", block.replace("\\\n", " ")):
            words = shlex.split(command.partition(" | jq")[0].partition(" > ")[0])
            if words[:1] == ["curl"]:
                yield call_of(words)


def call_of(words: list[str]) -> Call:
    address = urlsplit(next(word for word in words if word.startswith(BASE)).removeprefix(BASE))
    sent = [words[place + 1] for place, word in enumerate(words) if word in {"--json", "-d"}]
    stated = [words[place + 1].lower() for place, word in enumerate(words) if word == "-X"]
    method = stated[0] if stated else "post" if sent or "-F" in words else "get"
    return Call(method, address.path, parse_qs(address.query), json.loads(sent[0]) if sent else None)


CALLS = list(calls())


def described(call: Call) -> dict[str, Any]:
    """Return the operation that a call reaches."""
    path = re.sub(r"\$(N\b|\{N\})", "{reference}", call.address)
    (found,) = [each.said for each in operations() if (each.path, each.method) == (path, call.method)]
    return found


def test_the_page_shows_how_to_do_most_of_what_there_is() -> None:
    assert len(CALLS) > 25


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_a_command_of_the_page_is_one_the_api_takes(call: Call) -> None:
    said = described(call)

    known = {each["name"] for each in said["parameters"] if each["in"] == "query"}
    assert set(call.query) <= known
    if call.body is not None:
        schema = said["requestBody"]["content"]["application/json"]["schema"]
        whole = {**schema, "components": document()["components"]}
        mistakes = [
            f"{error.json_path}: {error.message}" for error in Draft202012Validator(whole).iter_errors(call.body)
        ]
        assert mistakes == []
        assert set(call.body) <= members_of(schema)


def members_of(schema: dict[str, Any]) -> set[str]:
    """Return the members that a body may have."""
    named = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return set(named["properties"])


def test_every_code_of_the_page_is_one_the_api_answers_with() -> None:
    codes = set(re.findall(r"`((?:exception|approval|access)\.[a-z_]+|already_covered|second_person_required)`", PAGE))

    text = json.dumps(document())

    assert codes
    assert [code for code in sorted(codes) if f'"{code}"' not in text] == []
