"""Packs, revisions and intelligence in the admin."""

from django.urls import reverse

from policies.admin.packs import source_files
from policies.admin.wording import percent, size
from policies.models import FeedState, PackRevision
from stellapolicy.tenancy.scope import tenant_scope
from tests.admin_pages import Inhabited
from tests.reports import LOG4SHELL


def test_a_revision_shows_every_line_in_its_place(acme: Inhabited) -> None:
    with tenant_scope(acme.tenant.pk):
        revision = PackRevision.objects.get(pack__name="baseline")
    lines = revision.sources[0]["text"].splitlines()

    shown = acme.sign_in().get(reverse("admin:policies_packrevision_change", args=[revision.pk])).content.decode()

    assert shown.count('<li id="1-') == len(lines)
    assert f'<li id="1-{len(lines)}"' in shown
    assert revision.digest in shown


def test_diagnostics_stand_at_their_file_and_mark_their_line() -> None:
    warning = {"file": "b.stella", "line": 2, "column": 1, "code": "W503", "message": "no test", "hint": None}
    sources = [{"path": "a.stella", "text": "one\n"}, {"path": "b.stella", "text": "one\ntwo\n"}]

    first, second = source_files(sources, [warning])

    assert (first.diagnostics, first.marked) == ((), frozenset())
    assert (second.diagnostics, second.marked) == ((warning,), frozenset({2}))
    assert second.lines == ("one", "two")


def test_a_pack_says_where_it_decides_and_what_is_in_force(acme: Inhabited) -> None:
    client = acme.sign_in()
    listed = client.get(reverse("admin:policies_policypack_changelist")).context["cl"].result_list
    baseline = next(pack for pack in listed if pack.name == "baseline")

    shown = client.get(reverse("admin:policies_policypack_change", args=[baseline.pk])).content.decode()

    assert "in force:" in shown
    assert "Every environment without a pack of its own" in shown


def test_a_prediction_is_shown_beside_the_catalogue(acme: Inhabited) -> None:
    shown = acme.sign_in().get(reverse("admin:policies_epssscore_change", args=[LOG4SHELL])).content.decode()

    assert "97.0 %" in shown
    assert "yes, due" in shown


def test_a_vulnerability_is_found_however_its_cve_is_written(acme: Inhabited) -> None:
    client = acme.sign_in()

    for page in ("epssscore", "keventry"):
        for term in (LOG4SHELL, LOG4SHELL.lower(), "cve-2021-4"):
            assert LOG4SHELL in client.get(reverse(f"admin:policies_{page}_changelist"), {"q": term}).content.decode()


def test_a_feed_nobody_connected_is_named_above_the_list(acme: Inhabited) -> None:
    FeedState.objects.filter(name="kev").delete()

    shown = acme.sign_in().get(reverse("admin:policies_feedstate_changelist")).content.decode()

    assert "Never connected: Kev." in shown or "Never connected: KEV." in shown


def test_a_probability_that_is_not_zero_never_reads_as_zero() -> None:
    assert [percent(units) for units in (0, 1, 99, 100, 97_000, 100_000)] == [
        "0.0 %",
        "0.001 %",
        "0.099 %",
        "0.1 %",
        "97.0 %",
        "100.0 %",
    ]


def test_a_size_reads_in_the_unit_that_fits() -> None:
    assert [size(octets) for octets in (12, 1536, 5 * 1024 * 1024)] == ["12 B", "1.5 KiB", "5.0 MiB"]
