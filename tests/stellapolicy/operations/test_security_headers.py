"""What a browser and a stranger get from a web process of production."""

from collections.abc import Iterator

import pytest
import requests

from tests.production import SECRET, Installation, ask

PAGES = ["/healthz", "/api/v1/openapi.json", "/api/docs", "/api/redoc", "/admin/login/", "/nowhere"]


@pytest.fixture(scope="module")
def web(installation: Installation) -> Iterator[str]:
    with installation.web() as address:
        yield address


def policy_of(answer: requests.Response) -> dict[str, list[str]]:
    directives = [directive.split() for directive in answer.headers["Content-Security-Policy"].split(";")]
    return {words[0]: words[1:] for words in directives if words}


@pytest.mark.parametrize("page", PAGES)
def test_every_page_says_how_a_browser_must_treat_it(web: str, page: str) -> None:
    headers = ask(web, page).headers

    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"


@pytest.mark.parametrize("page", PAGES)
def test_only_the_admin_may_evaluate_and_no_page_runs_what_is_written_in_it(web: str, page: str) -> None:
    policy = policy_of(ask(web, page))

    scripts = policy.get("script-src", policy["default-src"])
    assert ("'unsafe-eval'" in scripts) is page.startswith("/admin/")
    assert "'unsafe-inline'" not in scripts
    assert policy["frame-ancestors"] == policy["object-src"] == ["'none'"]
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == ["'self'"]


def test_cookies_travel_encrypted_alone(web: str) -> None:
    cookies = ask(web, "/admin/login/").headers["Set-Cookie"]

    assert "csrftoken=" in cookies
    assert "Secure" in cookies
    assert "SameSite=Lax" in cookies


def test_plain_http_is_sent_to_https_and_another_name_is_refused(web: str) -> None:
    plain = requests.get(
        f"{web}/admin/login/", headers={"Host": "stella.example.org"}, allow_redirects=False, timeout=30
    )
    other = requests.get(
        f"{web}/admin/login/", headers={"Host": "evil.example", "X-Forwarded-Proto": "https"}, timeout=30
    )

    assert (plain.status_code, plain.headers["Location"]) == (301, "https://stella.example.org/admin/login/")
    assert other.status_code == 400


SIGN = "from django.core import signing; print(signing.dumps('a cursor'))"
READ = "import sys; from django.core import signing; print(signing.loads(sys.argv[1]))"
DJANGO = {"DJANGO_SETTINGS_MODULE": "stellapolicy.settings"}


def test_what_an_earlier_secret_signed_is_read_until_that_secret_is_taken_away(installation: Installation) -> None:
    new = SECRET[::-1]
    signed = installation.run("-c", SIGN, **DJANGO).stdout.strip()

    during = installation.run("-c", READ, signed, SECRET_KEY=new, SECRET_KEY_FALLBACKS=SECRET, **DJANGO)
    after = installation.run("-c", READ, signed, SECRET_KEY=new, **DJANGO)

    assert during.stdout.strip() == "a cursor"
    assert "BadSignature" in after.stderr
