"""How values look, and that nothing a report says becomes markup or script."""

from datetime import UTC, date, datetime

import pytest

from stellapolicy.admin import cells
from stellapolicy.admin.templatetags.stella import code_spans

DIGEST = "sha256:" + "0a1b2c3d" * 8


def test_an_instant_is_written_in_utc_and_readable_by_the_script_of_the_page() -> None:
    shown = cells.instant(datetime(2026, 3, 2, 13, 4, 5, 678, tzinfo=UTC))

    assert 'datetime="2026-03-02T13:04:05Z"' in shown
    assert 'title="2026-03-02 13:04:05 UTC"' in shown
    assert "2026-03-02 13:04 UTC</time>" in shown


def test_an_instant_that_never_was_is_a_dash() -> None:
    assert cells.instant(None) == cells.day(None) == cells.digest("") == cells.NOTHING


def test_a_day_is_iso() -> None:
    assert "2026-03-02" in cells.day(date(2026, 3, 2))


def test_a_digest_is_short_to_read_and_whole_on_hover() -> None:
    shown = cells.digest(DIGEST)

    assert f'title="{DIGEST}"' in shown
    assert ">sha256:0a1b2c3d0a1b…</code>" in shown


def test_a_word_of_the_domain_is_a_badge_in_its_tone() -> None:
    assert cells.badge("dead_letter") == '<span class="st-badge st-badge--bad">dead letter</span>'
    assert "st-badge--quiet" in cells.badge("a word nobody listed")


@pytest.mark.parametrize(
    "identifier, address, read_at",
    [
        ("CVE-2021-44228", "https://avd.example/CVE-2021-44228", "https://avd.example/CVE-2021-44228"),
        ("CVE-2021-44228", "", "https://www.cve.org/CVERecord?id=CVE-2021-44228"),
        ("GHSA-jfh8-c2jp-5v3q", "", "https://github.com/advisories/GHSA-jfh8-c2jp-5v3q"),
        ("CVE-2021-44228", "javascript:alert(1)", "https://www.cve.org/CVERecord?id=CVE-2021-44228"),
        ("DS002", "javascript:alert(1)", ""),
        ("DS002", "data:text/html,hello", ""),
        ("DS002", " JaVaScRiPt:alert(1)", ""),
        ("DS002", None, ""),
    ],
)
def test_a_vulnerability_links_to_its_source_and_never_to_a_script(
    identifier: str, address: object, read_at: str
) -> None:
    assert cells.source(identifier, address) == read_at


@pytest.mark.parametrize("say", [cells.digest, cells.badge, cells.severity, code_spans])
def test_nothing_that_is_shown_is_markup(say: object) -> None:
    assert callable(say)
    assert "<script>" not in say("`<script>`x<script>")


@pytest.mark.parametrize(
    "value, text",
    [
        (None, "unknown"),
        (True, "true"),
        (False, "false"),
        (0.94358, "0.94358"),
        (7.0, "7"),
        (10.0, "10"),
        (("a", 1.5), "[a, 1.5]"),
        ({"status": "fixed", "trust": None}, "{status: fixed, trust: unknown}"),
        (datetime(2026, 3, 2, tzinfo=UTC), "2026-03-02T00:00:00Z"),
        ("text", "text"),
    ],
)
def test_a_value_is_written_as_policies_write_it(value: object, text: str) -> None:
    assert cells.written(value) == text


def test_what_stands_between_backticks_is_code() -> None:
    assert code_spans("add `block` here") == 'add <code class="st-code">block</code> here'


def test_an_instant_within_a_sentence_is_readable() -> None:
    said = cells.readable("EXC-2026-0001 ends at 2026-12-18T00:00:00.250Z, or is asked about sha256:2026-12T.")

    assert said == "EXC-2026-0001 ends at 2026-12-18 00:00 UTC, or is asked about sha256:2026-12T."
