"""`python -m tests.inhabited acme globex`: seeds tenants, each with a token and a decision, and prints them as JSON.

A process of its own in the database that the environment names, so that nothing of a test run is in it.
"""

import json
import sys
from datetime import UTC, datetime


def main(*slugs: str) -> None:
    """Seed the tenants and say how to speak for each."""
    import django

    django.setup()
    json.dump({slug: _inhabit(slug) for slug in slugs}, sys.stdout)


def _inhabit(slug: str) -> dict[str, str]:
    from gates.services.evaluation import evaluate_gate
    from stellapolicy.access.roles import Role
    from stellapolicy.tenancy.scope import tenant_scope
    from tests.factories import UserFactory, give_roles, token_for
    from tests.gates.conftest import make_shop
    from tests.reports import KEV_CRITICAL, trivy
    from tests.shop import asked

    at = datetime.now(tz=UTC)
    shop, image = make_shop(slug, at=at), f"{slug}/api"
    person = UserFactory(username=f"{slug}-person")
    give_roles(person, shop.tenant, *Role)
    issued = token_for(person, shop.tenant, "evidence:write", "gate:evaluate", "gate:read", "audit:read")
    with tenant_scope(shop.tenant.pk):
        request = asked(image, trivy(image, [KEV_CRITICAL], scanned_at=at))
        decided = evaluate_gate(actor=shop.actor, request=request, at=at)
    return {
        "tenant": str(shop.tenant.pk),
        "token": issued.secret,
        "decision": str(decided.pk),
        "body_digest": decided.body_digest,
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
