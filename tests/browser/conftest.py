"""The product behind a real port, a full tenant, and a browser that notices everything that goes wrong."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from pytest_django.live_server_helper import LiveServer

from stellapolicy.access.models import User
from stellapolicy.access.roles import Role
from tests.admin_pages import Inhabited, inhabit
from tests.browser.chromium import chromium
from tests.factories import give_roles

PASSWORD = "correct horse battery staple"
# Playwright keeps an event loop in this thread; the database is used here between its calls, never inside one.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")


@dataclass
class Visit:
    """One window, with what it complained about and whom it called."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go to a page of the product; its scripts have run when it is there."""
        self.page.goto(f"{self.base}{path}")

    def sign_in(self, person: User) -> None:
        """Sign in through the form, as anybody does."""
        self.open("/admin/login/")
        self.page.get_by_label("Username").fill(person.username)
        self.page.get_by_label("Password").fill(PASSWORD)
        self.page.get_by_role("button", name="Log in").click()
        self.page.wait_for_url(f"{self.base}/admin/")

    @property
    def overflow(self) -> int:
        """By how many pixels the page is wider than its window."""
        wider: int = self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        return wider


Windows = Callable[..., Visit]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests."""
    with chromium() as running:
        yield running


@pytest.fixture
def acme(transactional_db: None) -> Inhabited:
    """A tenant with a row on every page, whose auditor and whose people at the desk have a password."""
    acme = inhabit("acme")
    give_roles(acme.person, acme.tenant, Role.ADMIN)
    for person in (acme.person, *acme.desk.users.values()):
        person.set_password(PASSWORD)
        person.save()
    return acme


@pytest.fixture
def window(browser: Browser, live_server: LiveServer, acme: Inhabited) -> Iterator[Windows]:
    """Open windows in which the auditor, or somebody of the desk, is signed in; no complaint goes unnoticed."""
    contexts: list[BrowserContext] = []
    visits: list[Visit] = []

    def open_window(*, who: str = "", width: int = 1280, height: int = 900, dark: bool = False) -> Visit:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            timezone_id="Europe/Berlin",
            locale="en-GB",
            permissions=["clipboard-read", "clipboard-write"],
        )
        contexts.append(context)
        visit = Visit(context.new_page(), live_server.url)
        visits.append(visit)
        _listen(visit)
        visit.sign_in(acme.desk.users[who] if who else acme.person)
        return visit

    yield open_window
    # What a page still fetches is answered first: the database is emptied next, and must not wait for a request.
    for visit in visits:
        visit.page.wait_for_load_state("networkidle")
    for context in contexts:
        context.close()
    assert [complaint for visit in visits for complaint in visit.complaints] == []
    assert [stranger for visit in visits for stranger in visit.strangers] == []


def _listen(visit: Visit) -> None:
    """Note errors of scripts, refusals of the content security policy, and every call to anybody else."""
    visit.page.on(
        "console",
        lambda said: visit.complaints.append(f"{visit.page.url}: {said.text}") if said.type == "error" else None,
    )
    visit.page.on("pageerror", lambda error: visit.complaints.append(f"{visit.page.url}: {error}"))
    visit.page.on(
        "request",
        lambda request: None if request.url.startswith((visit.base, "data:")) else visit.strangers.append(request.url),
    )
