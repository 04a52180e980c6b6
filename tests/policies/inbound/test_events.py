"""An event from outside is read whole, or refused with what is wrong."""

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator

from policies.inbound.events import Advisory, EventMalformed, Reports, Statements, read_event
from tests.real_data import real_data


def event(**changes: Any) -> bytes:
    said = {
        "specversion": "1.0",
        "id": "1",
        "source": "/scanner",
        "type": "scan.completed",
        "tenant": "acme",
        "data": {"artifact": {"digest": f"sha256:{'a' * 64}"}, "reports": [{"content_base64": "e30="}]},
    }
    return json.dumps({name: value for name, value in {**said, **changes}.items() if value is not None}).encode()


@pytest.mark.parametrize(
    "kind, data, content",
    [
        ("scan.completed", {"artifact": {"digest": "sha256:x"}, "reports": [{"content_base64": "e30="}]}, Reports),
        ("sbom.attached", {"artifact": {"digest": "sha256:x"}, "reports": [{"content_base64": "e30="}]}, Reports),
        ("vex.published", {"documents": [{"content_base64": "e30="}]}, Statements),
        ("advisory.changed", {"vulnerabilities": ["CVE-2031-1000"]}, Advisory),
    ],
)
def test_every_type_has_its_content(kind: str, data: Any, content: type) -> None:
    assert isinstance(read_event(event(type=kind, data=data)).content, content)


def test_an_event_we_read_is_a_cloud_event() -> None:
    schema = json.loads(real_data("schemas/cloudevents-1.0.json").read_bytes())

    Draft7Validator(schema).validate(json.loads(event()))


def test_attributes_of_others_are_let_be() -> None:
    assert read_event(event(traceparent="00-abc", datacontenttype="application/json")).tenant == "acme"


@pytest.mark.parametrize(
    "written, told",
    [
        (b"{", "truncated"),
        (b"[]", "object"),
        (b"\xff", "malformed"),
        (event(tenant=None), "tenant"),
        (event(specversion="0.3"), "specversion"),
        (event(id=""), "id"),
        (event(type="moon.landed"), "moon.landed"),
        (event(data=None), "data"),
        (event(data={"artifact": {"digest": "x"}, "reports": []}), "reports"),
        (
            event(data={"artifact": {"digest": "x"}, "reports": [{"content_base64": "!"}]}),
            r"reports\[0\]\.content_base64",
        ),
        (event(data={"artifact": {"digest": "x", "nmae": ""}, "reports": [{"content_base64": ""}]}), "nmae"),
        (event(type="advisory.changed", data={"vulnerabilities": [""]}), r"vulnerabilities\[0\]"),
    ],
)
def test_what_is_no_event_of_ours_is_refused_with_its_place(written: bytes, told: str) -> None:
    with pytest.raises(EventMalformed, match=told):
        read_event(written)
