"""A session calls nobody it may not, and goes where it was checked to go."""

import gzip
from collections.abc import Callable
from typing import Any

import pytest
from pytest_django import Settings

from stellapolicy.egress.errors import AddressRefused, EgressFailed, NotAllowed, TooLarge
from stellapolicy.egress.factory import read_beginning, read_limited, require_callable, session
from tests.loopback import Answer, Asked
from tests.network import OutboundConnection
from tests.stellapolicy.egress.conftest import Serving

pytestmark = pytest.mark.django_db


def here(_host: str, _port: int) -> list[str]:
    return ["127.0.0.1"]


def leading(*addresses: str) -> Callable[[str, int], list[str]]:
    return lambda _host, _port: list(addresses)


def hello(_asked: Asked) -> Answer:
    return Answer(body=b"hello")


@pytest.mark.parametrize(
    "url",
    [
        *("http://example.org/", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "//example.org"),
        *("https://", "https:///path", "https://user@example.org/", "https://user:word@example.org/"),
        *("https://example.org:0/", "https://example.org:99999/", "https://[::1/", "https://exam ple.org/"),
        *("https://example.org/\r\nHost: evil", "https://ex\u0430mple.org/", "javascript:alert(1)"),
        *("https://" + "a" * 64 + ".example/", "https://a..example/", "https://.example/", "https://example../"),
        *("https://example.org\\@evil.org/", "https://example.org/" + "a" * 2048, ""),
    ],
)
def test_an_address_of_another_form_is_refused(url: str) -> None:
    with pytest.raises(NotAllowed):
        require_callable(url, purpose="test")


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "0x7f.1", "2130706433", "0177.0.0.1", "127.1", "[::1]"),
        *("[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "169.254.169.254", "10.0.0.1", "0"),
    ],
)
def test_an_address_inside_is_refused_however_it_is_written(host: str) -> None:
    with session("test") as client, pytest.raises(AddressRefused):
        client.get(f"https://{host}/")


def test_a_name_that_leads_inside_is_refused_before_it_is_kept() -> None:
    with pytest.raises(AddressRefused):
        require_callable("https://metadata.example/", purpose="test", resolver=leading("169.254.169.254"))


def test_a_name_that_leads_outside_and_inside_is_refused() -> None:
    with pytest.raises(AddressRefused):
        require_callable("https://both.example/", purpose="test", resolver=leading("8.8.8.8", "10.0.0.1"))


def test_a_name_nobody_knows_may_be_kept_and_fails_when_it_is_called() -> None:
    require_callable("https://not-yet.example/", purpose="test")

    with session("test") as client, pytest.raises(EgressFailed):
        client.get("https://not-yet.example/")


def test_a_name_that_no_name_server_can_be_asked_for_is_a_refusal_of_ours() -> None:
    def unfit(_host: str, _port: int) -> list[str]:
        raise UnicodeError("label empty or too long")

    with session("test", resolver=unfit) as client, pytest.raises(EgressFailed, match="label empty or too long"):
        client.get("https://unfit.example/")


def test_a_refusal_does_not_tell_the_address_inside() -> None:
    with pytest.raises(AddressRefused) as refused:
        require_callable("https://db.example/", purpose="test", resolver=leading("10.9.8.7"))

    assert "10.9.8.7" not in refused.value.detail


def test_a_name_that_changes_its_mind_is_not_followed() -> None:
    answers = iter([["8.8.8.8"], ["127.0.0.1"]])

    with (
        session("test", resolver=lambda _host, _port: next(answers)) as client,
        pytest.raises(OutboundConnection, match=r"8\.8\.8\.8"),
    ):
        client.get("https://rebinding.example/")

    assert next(answers) == ["127.0.0.1"]


def test_the_connection_goes_to_the_checked_address_under_the_name_that_was_asked(
    inside: None, serving: Serving
) -> None:
    server = serving(hello)

    with session("test", resolver=here) as client:
        answer = client.get(server.url("/path", host="intern.test"))

    assert answer.content == b"hello"
    assert server.asked[0].headers["Host"] == f"intern.test:{server.port}"
    assert server.asked[0].headers["User-Agent"].startswith("stellapolicy/")


def test_a_host_inside_is_open_to_its_own_purpose_only(inside: None, serving: Serving) -> None:
    server = serving(hello)

    with session("other", resolver=here) as client, pytest.raises(NotAllowed):
        client.get(server.url(host="intern.test"))

    assert server.asked == []


def test_no_setting_opens_the_metadata_of_a_cloud(inside: None) -> None:
    with session("test", resolver=leading("169.254.169.254")) as client, pytest.raises(AddressRefused):
        client.get("http://intern.test/latest/meta-data/")


def test_a_session_for_some_hosts_calls_no_other(inside: None) -> None:
    with session("test", hosts={"registry.example"}, resolver=here) as client, pytest.raises(NotAllowed):
        client.get("http://intern.test/")


def test_a_redirect_inside_is_not_followed(inside: None, serving: Serving) -> None:
    target = serving(hello)
    lure = serving(lambda _asked: Answer(302, headers={"Location": target.url()}))

    with session("test", resolver=here) as client, pytest.raises(NotAllowed):
        client.get(lure.url(host="intern.test"))

    assert target.asked == []


def test_a_redirect_to_a_name_that_leads_inside_is_not_followed(inside: None, serving: Serving) -> None:
    lure = serving(lambda _asked: Answer(302, headers={"Location": "https://evil.example/"}))

    with session("test", resolver=here) as client, pytest.raises(AddressRefused):
        client.get(lure.url(host="intern.test"))


def test_three_redirects_are_followed_and_a_fourth_is_not(inside: None, serving: Serving) -> None:
    def hop(asked: Asked) -> Answer:
        left = int(asked.path.strip("/"))
        return Answer(302, headers={"Location": f"/{left - 1}"}) if left else Answer(body=b"there")

    server = serving(hop)

    with session("test", resolver=here) as client:
        assert client.get(server.url("/3", host="intern.test")).content == b"there"
        with pytest.raises(EgressFailed):
            client.get(server.url("/4", host="intern.test"))


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "20", "Connection": "close"}])
def test_a_long_answer_is_refused(inside: None, serving: Serving, headers: dict[str, str]) -> None:
    server = serving(lambda _asked: Answer(body=b"x" * 20, headers=headers))

    with session("test", resolver=here, largest_answer=10) as client, pytest.raises(TooLarge):
        client.get(server.url(host="intern.test"))


def test_a_long_answer_that_announces_nothing_is_refused(inside: None, serving: Serving) -> None:
    chunked = b"14\r\n" + b"x" * 20 + b"\r\n0\r\n\r\n"
    server = serving(lambda _asked: Answer(body=chunked, headers={"Transfer-Encoding": "chunked"}))

    with session("test", resolver=here) as client, pytest.raises(TooLarge):
        read_limited(client.get(server.url(host="intern.test"), stream=True), 10)


def test_a_compressed_answer_is_refused_unread(inside: None, serving: Serving) -> None:
    bomb = gzip.compress(b"0" * 1_000_000)
    server = serving(lambda _asked: Answer(body=bomb, headers={"Content-Encoding": "gzip"}))

    with session("test", resolver=here) as client, pytest.raises(EgressFailed, match="compressed"):
        client.get(server.url(host="intern.test"))


def test_an_answer_that_breaks_off_is_refused(inside: None, serving: Serving) -> None:
    server = serving(lambda _asked: Answer(body=b"short", headers={"Content-Length": "50"}))

    with session("test", resolver=here) as client, pytest.raises(EgressFailed):
        client.get(server.url(host="intern.test"))


def test_a_streamed_answer_is_read_to_its_limit(inside: None, serving: Serving) -> None:
    server = serving(hello)

    with session("test", resolver=here) as client:
        assert read_limited(client.get(server.url(host="intern.test"), stream=True), 5) == b"hello"


def test_nobody_there_is_a_refusal_of_ours(inside: None) -> None:
    with session("test", resolver=here) as client, pytest.raises(EgressFailed):
        client.get("http://intern.test:9/")


def test_proxies_and_passwords_of_the_environment_are_ignored(
    inside: None, serving: Serving, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    server = serving(hello)
    netrc = tmp_path / "netrc"
    netrc.write_text("machine intern.test login me password secret\n", encoding="utf-8")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", "http://8.8.8.8:3128")
    monkeypatch.setenv("http_proxy", "http://8.8.8.8:3128")

    with session("test", resolver=here) as client:
        client.get(server.url(host="intern.test"))

    assert "Authorization" not in server.asked[0].headers


def test_a_port_of_the_internal_setting_opens_that_port_only(settings: Settings, serving: Serving) -> None:
    server = serving(hello)
    settings.EGRESS_INTERNAL_HOSTS = {"test": [f"*.corp.test:{server.port}"]}

    with session("test", resolver=here) as client:
        assert client.get(server.url(host="sso.corp.test")).content == b"hello"
        with pytest.raises(NotAllowed):
            client.get("http://sso.corp.test:1/")


def test_the_beginning_of_a_long_answer_can_be_read(inside: None, serving: Serving) -> None:
    server = serving(lambda _asked: Answer(body=b"0123456789"))

    with session("test", resolver=here) as client:
        assert read_beginning(client.get(server.url(host="intern.test"), stream=True), 4) == b"0123"


def test_an_answer_that_takes_too_long_as_a_whole_is_refused(inside: None, serving: Serving) -> None:
    server = serving(hello)

    with session("test", resolver=here) as client, pytest.raises(EgressFailed, match="too long"):
        read_limited(client.get(server.url(host="intern.test"), stream=True), 10, seconds=-1)
