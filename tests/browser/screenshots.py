"""Makes the pictures of the README from a running product: `python -m tests.browser.screenshots`."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

_ROOT = Path(__file__).resolve().parents[2]
_FOLDER = _ROOT / "docs" / "screenshots"
_PORT = int(os.environ.get("PORT", "8097"))
_PASSWORD = "only for these pictures"
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture: its name, the page, how the window is, and how much of the page is taken at most."""

    name: str
    path: str
    width: int = 1280
    height: int = 860
    tallest: int = 1500
    dark: bool = False
    who: str = "ada"


def main() -> None:
    """Start everything, tell the story, take the pictures, stop everything."""
    from tests.services import prepare

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stellapolicy.settings")
    os.environ.update(DEMO_PASSWORD=_PASSWORD, PUBLIC_URL=f"http://127.0.0.1:{_PORT}", LOG_LEVEL="ERROR")
    prepare()
    pictures = _seed()
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with _web():
        for picture in _take(pictures):
            sys.stdout.write(f"{picture.relative_to(_ROOT)}\n")


def _seed() -> list[Picture]:
    """Fill the database and return what is to be pictured."""
    import django

    django.setup()
    from django.core.management import call_command

    from exceptions.models import PolicyException
    from gates.models import GateDecision
    from policies.models import PackRevision
    from stellapolicy.kernel.clock import now
    from stellapolicy.tenancy.scope import tenant_scope
    from tests.browser.forgiven import forgive
    from tests.browser.story import tell

    call_command("migrate", verbosity=0)
    call_command("bootstrap", verbosity=0)
    at = now()
    tenant = tell(at=at)
    forgive(tenant, at=at)
    with tenant_scope(tenant.pk):
        waiting = PolicyException.objects.undecided().get(vulnerabilities__contains=["CVE-2021-44228"])
        blocks = GateDecision.objects.filter(
            decision="block", environment__slug="production", blocked_by="policy_verdict"
        )
        decision = blocks.order_by("-created_at")[0]
        revision = PackRevision.objects.active().get(pack__name="baseline")
        worst = next(one["key"] for one in decision.body["findings"] if one["kev"])
    page, exceptions = f"/admin/gates/gatedecision/{decision.pk}", "/admin/exceptions/policyexception"
    blocked = f"decision={decision.pk}&finding={quote(worst, safe='')}"
    return [
        Picture("dashboard", "/admin/"),
        Picture("dashboard-dark", "/admin/", dark=True),
        Picture("decision", f"{page}/change/"),
        Picture("decision-phone", f"{page}/change/", width=390, height=844, tallest=1688),
        Picture("explain", f"{page}/explain/?finding={quote(worst, safe='')}", tallest=1100),
        Picture("artifacts", "/admin/policies/artifact/", tallest=860),
        Picture("packs", f"/admin/policies/packrevision/{revision.pk}/change/", tallest=1200),
        Picture("tokens", "/admin/access/apitoken/", tallest=860),
        Picture("audit", "/admin/audit/entry/", tallest=860),
        Picture("exceptions", f"{exceptions}/", tallest=860, who="sam"),
        Picture("exception", f"{exceptions}/{waiting.number}/change/", tallest=1700, who="sam"),
        Picture("exception-request", f"{exceptions}/request/?{blocked}", tallest=1300, who="riley"),
        Picture("exception-reports", f"{exceptions}/reports/", tallest=1200, who="sam"),
    ]


@contextmanager
def _web() -> Iterator[None]:
    """Run the web process until the block ends."""
    command = ["-m", "gunicorn", "stellapolicy.wsgi", "--bind", f"127.0.0.1:{_PORT}", "--threads", "4"]
    web = subprocess.Popen([sys.executable, *command], cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait(web)
        yield
    finally:
        web.terminate()
        web.wait(timeout=30)


def _wait(web: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if web.poll() is not None:
            raise SystemExit("the web process ended before it answered; is the port taken? choose another with PORT=")
        try:
            with urlopen(f"http://127.0.0.1:{_PORT}/healthz", timeout=5):
                return
        except (URLError, ConnectionError, TimeoutError):
            time.sleep(0.2)
    raise SystemExit("the web process does not answer")


def _take(pictures: list[Picture]) -> Iterator[Path]:
    """Yield the files, each as it is written."""
    from playwright.sync_api import expect

    from tests.browser.chromium import chromium

    with chromium() as browser:
        for picture in pictures:
            window = browser.new_context(
                viewport={"width": picture.width, "height": picture.height},
                color_scheme="dark" if picture.dark else "light",
                locale="en-GB",
                timezone_id="Europe/Berlin",
            )
            page = window.new_page()
            page.goto(f"http://127.0.0.1:{_PORT}/admin/login/")
            page.get_by_label("Username").fill(picture.who)
            page.get_by_label("Password").fill(_PASSWORD)
            page.get_by_role("button", name="Log in").click()
            page.wait_for_url("**/admin/")
            page.goto(f"http://127.0.0.1:{_PORT}{picture.path}")
            expect(page.locator("[aria-busy]")).to_have_count(0)
            tall = int(page.evaluate("document.documentElement.scrollHeight"))
            # The window grows to the page, so that what is fixed to its edges stays at the edges of the picture.
            page.set_viewport_size({"width": picture.width, "height": min(max(tall, picture.height), picture.tallest)})
            page.wait_for_load_state("networkidle")
            path = _FOLDER / f"{picture.name}.png"
            page.screenshot(path=path)
            window.close()
            yield path


if __name__ == "__main__":
    main()
