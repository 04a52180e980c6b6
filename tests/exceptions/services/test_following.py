"""Facts that change reach what rests on them, by whatever name, and before it begins as well."""

import json
from datetime import timedelta

import pytest

from exceptions.models import PolicyException
from exceptions.rules.vocabulary import Reason
from exceptions.services.recheck import sweep
from policies.services.feed_notices import tell_tenant
from policies.services.feeds import load_feed
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.outbox.services.dispatching import dispatch
from stellapolicy.tenancy.scope import tenant_scope
from tests.exceptions.desk import DAY, Desk, fresh
from tests.exceptions.services.test_request import scanned
from tests.factories import NOON
from tests.gates.conftest import Shop
from tests.reports import HARMLESS, LOG4SHELL, digest_of, kev_catalogue

ADVISORY, CVE = "GHSA-aaaa-bbbb-cccc", "CVE-2020-9999"
LATER = NOON + DAY


def grype(image: str) -> bytes:
    """Return a report that calls a vulnerability by its advisory and knows its CVE."""
    digest = digest_of(image)
    match = {
        "vulnerability": {"id": ADVISORY, "severity": "Low", "namespace": "github:language:javascript"},
        "relatedVulnerabilities": [{"id": CVE, "namespace": "nvd:cpe", "severity": "Low"}],
        "matchDetails": [],
        "artifact": {"name": "quiet", "version": "1.0.0", "type": "npm", "purl": "pkg:npm/quiet@1.0.0"},
    }
    target = {"userInput": image, "manifestDigest": digest, "repoDigests": [f"{image}@{digest}"]}
    scanned_at = rfc3339(NOON - timedelta(hours=1))
    return json.dumps(
        {
            "matches": [match],
            "source": {"type": "image", "target": target},
            "descriptor": {"name": "grype", "version": "0.80.0", "timestamp": scanned_at},
        }
    ).encode()


@pytest.mark.parametrize("named", [ADVISORY, CVE])
def test_a_listing_reaches_what_names_the_vulnerability_by_another_id(shop: Shop, desk: Desk, named: str) -> None:
    with tenant_scope(shop.tenant.pk):
        shop.ask("shop/api", grype("shop/api"))
        exception = desk.in_force(vulnerability=named, days=30)
        listed = kev_catalogue(LOG4SHELL, CVE, released_at="2026-03-03T11:00:00.000Z")
        load_feed(actor=shop.actor, content=listed, at=LATER)

    tell_tenant(tenant_id=shop.tenant.pk, at=LATER)
    while dispatch(clock=lambda: LATER):
        pass

    with tenant_scope(shop.tenant.pk):
        assert fresh(exception).state == "revalidation_required"


def test_what_gets_worse_before_it_begins_leaves_its_grace_for_when_it_does(in_shop: Shop, desk: Desk) -> None:
    scanned(in_shop, "shop/api")
    begin = NOON + 30 * DAY
    exception = desk.in_force(vulnerability=HARMLESS.id, reason=Reason.FALSE_POSITIVE, days=300, starts_at=begin)
    listed = kev_catalogue(LOG4SHELL, HARMLESS.id, released_at="2026-03-03T11:00:00.000Z")
    load_feed(actor=in_shop.actor, content=listed, at=LATER)

    assert sweep(at=LATER) == 1

    assert [one.name for one in exception.events.order_by("sequence")][-2:] == [
        "exception.activated",
        "exception.revalidation_required",
    ]
    assert fresh(exception).grace_until == begin
    assert not PolicyException.objects.in_force(at=LATER).exists()
