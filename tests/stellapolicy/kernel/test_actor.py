from uuid import UUID, uuid4

import pytest

from stellapolicy.kernel.actor import Actor, ScopeMissing

TENANT, HERE, THERE = uuid4(), uuid4(), uuid4()


def actor(
    *scopes: str, services: frozenset[UUID] | None = None, service_scopes: dict[UUID, frozenset[str]] | None = None
) -> Actor:
    return Actor(TENANT, "user:alice", frozenset(scopes), services, service_scopes=service_scopes or {})


def test_a_scope_of_the_tenant_holds_for_every_service() -> None:
    wide = actor("gate:read")

    assert wide.holds_for("gate:read", HERE)
    assert wide.holds_for("gate:read", None)
    assert wide.services_with("gate:read") is None


def test_a_limited_actor_acts_in_its_services_alone() -> None:
    limited = actor("gate:read", services=frozenset({HERE}))

    assert limited.holds_for("gate:read", HERE)
    assert not limited.holds_for("gate:read", THERE)
    assert not limited.holds_for("gate:read", None)
    assert limited.services_with("gate:read") == frozenset({HERE})


def test_a_scope_for_one_service_opens_the_door_but_not_the_tenant() -> None:
    mixed = actor("gate:read", service_scopes={HERE: frozenset({"gate:evaluate"})})

    assert mixed.holds_anywhere("gate:evaluate")
    assert not mixed.holds("gate:evaluate")
    assert mixed.services_with("gate:evaluate") == frozenset({HERE})
    mixed.require("gate:evaluate", service=HERE)


@pytest.mark.parametrize("service", [None, THERE])
def test_a_missing_scope_is_refused(service: UUID | None) -> None:
    with pytest.raises(ScopeMissing):
        actor(service_scopes={HERE: frozenset({"gate:evaluate"})}).require("gate:evaluate", service=service)


def test_a_scope_held_nowhere_reaches_no_service() -> None:
    assert actor().services_with("gate:read") == frozenset()


def test_a_token_is_its_person_where_two_people_are_needed() -> None:
    token = Actor(TENANT, "token:ci", extra={"person": "user:alice"})

    assert token.person == "user:alice"
    assert actor().person == "user:alice"
