"""`manage.py feeds`: the operator loads, fetches and lists, and hears why something was not loaded."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import override_settings

from policies.models import EpssScore, HeldFeed
from tests.factories import TenantFactory
from tests.loopback import Answer, loopback
from tests.reports import epss_day

DAY = epss_day({f"CVE-1999-{number:04d}": 0.5 for number in range(20)}, day="2026-03-01")


@pytest.fixture(autouse=True)
def _house(db: None) -> Iterator[None]:
    TenantFactory(slug="house")
    with override_settings(INSTALLATION_TENANT="house", FEED_URLS={"epss": "", "kev": ""}):
        yield


def said(*words: str) -> str:
    out = StringIO()
    call_command("feeds", *words, stdout=out)
    return out.getvalue()


def test_a_file_is_loaded_and_listed(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_bytes(DAY)

    loaded = said("load", str(tmp_path / "day.csv"))

    assert "day.csv: epss v2025.03.14, 20 rows, 20 changed" in loaded
    assert "v2025.03.14 of 2026-03-01, 20 rows" in said("list")
    assert "kev: not_configured" in said("list")


def test_a_shrunken_file_is_kept_aside_and_named(tmp_path: Path) -> None:
    (tmp_path / "day.csv").write_bytes(DAY)
    (tmp_path / "short.csv").write_bytes(epss_day({"CVE-1999-0001": 0.1}, day="2026-03-02"))

    with pytest.raises(CommandError, match=r"had 20 rows and now has 1.*kept aside.*feed\.shrunk"):
        said("load", str(tmp_path / "day.csv"), str(tmp_path / "short.csv"))

    assert (HeldFeed.objects.count(), EpssScore.objects.count()) == (1, 20)


def test_a_broken_file_and_a_missing_one_are_named_with_their_reason(tmp_path: Path) -> None:
    (tmp_path / "broken.csv").write_bytes(DAY.replace(b"0.5", b"high", 1))

    with pytest.raises(CommandError, match=r"line 3.*feed\.row_invalid"):
        said("load", str(tmp_path / "broken.csv"))
    with pytest.raises(CommandError, match="No such file"):
        said("load", str(tmp_path / "nowhere.csv"))


def test_every_feed_with_an_address_is_fetched() -> None:
    with loopback(lambda _asked: Answer(200, DAY)) as server:
        urls, hosts = {"epss": server.url(), "kev": ""}, {"feeds": [f"127.0.0.1:{server.port}"]}
        with override_settings(FEED_URLS=urls, EGRESS_INTERNAL_HOSTS=hosts):
            fetched = said("fetch")

    assert "epss: loaded; epss v2025.03.14, 20 rows" in fetched
    assert "kev: not_configured" in fetched


def test_a_feed_that_cannot_be_fetched_ends_the_command_with_its_code() -> None:
    with loopback(lambda _asked: Answer(503)) as server:
        urls, hosts = {"epss": server.url(), "kev": ""}, {"feeds": [f"127.0.0.1:{server.port}"]}
        with (
            override_settings(FEED_URLS=urls, EGRESS_INTERNAL_HOSTS=hosts),
            pytest.raises(CommandError, match="not every feed"),
        ):
            said("fetch", "epss")

    assert "1 failed checks, the last one: the server answered 503 [feed.unavailable]" in said("list")
