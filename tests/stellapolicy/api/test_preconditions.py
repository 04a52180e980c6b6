import pytest
from rest_framework.test import APIClient

from stellapolicy.api.preconditions import tag_of
from stellapolicy.tenancy.models import Team, Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import NOON, TeamFactory
from tests.stellapolicy.conftest import ApiClients

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]

BLUE = "/api/v1/crews/blue"


@pytest.fixture
def client(api_client: ApiClients, tenant: Tenant) -> APIClient:
    with tenant_scope(tenant.pk):
        TeamFactory(slug="blue", name="Blue")
    return api_client()


def name_of_the_team(tenant: Tenant) -> str:
    with tenant_scope(tenant.pk):
        return Team.objects.get(slug="blue").name


def renamed(client: APIClient, name: str, **headers: str) -> int:
    return int(client.put(BLUE, {"name": name}, format="json", headers=headers).status_code)


def test_a_reader_who_has_the_version_is_told_so_without_it(client: APIClient) -> None:
    tag = client.get(BLUE)["ETag"]

    again = client.get(BLUE, headers={"If-None-Match": f'"other", {tag}'})

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert again["Cache-Control"] == "private, no-cache"


def test_a_reader_of_an_older_version_gets_the_new_one(client: APIClient) -> None:
    tag = client.get(BLUE)["ETag"]
    renamed(client, "Navy")

    again = client.get(BLUE, headers={"If-None-Match": tag})

    assert (again.status_code, again.json()) == (200, {"name": "Navy"})
    assert again["ETag"] != tag


def test_a_writer_who_means_the_present_version_writes(client: APIClient, tenant: Tenant) -> None:
    tag = client.get(BLUE)["ETag"]

    assert renamed(client, "Navy", **{"If-Match": tag}) == 200
    assert name_of_the_team(tenant) == "Navy"


def test_a_writer_who_means_an_older_version_is_refused(client: APIClient, tenant: Tenant) -> None:
    tag = client.get(BLUE)["ETag"]
    renamed(client, "Navy")

    answer = client.put(BLUE, {"name": "Sky"}, format="json", headers={"If-Match": tag})

    assert (answer.status_code, answer.json()["code"]) == (412, "precondition.failed")
    assert name_of_the_team(tenant) == "Navy"


def test_any_version_will_do_for_a_star(client: APIClient) -> None:
    assert renamed(client, "Navy", **{"If-Match": "*"}) == 200
    assert renamed(client, "Sky", **{"If-None-Match": "*"}) == 412


@pytest.mark.parametrize("nonsense", ["", "blue", '"', "W/", '"a" "b'])
def test_a_condition_nobody_understands_matches_nothing(nonsense: str, client: APIClient) -> None:
    assert renamed(client, "Navy", **{"If-Match": nonsense}) == 412
    assert client.get(BLUE, headers={"If-None-Match": nonsense}).status_code == 200


def test_a_tag_that_compression_made_weak_still_names_its_version(client: APIClient) -> None:
    tag = client.get(BLUE)["ETag"]

    assert renamed(client, "Navy", **{"If-Match": f"W/{tag}"}) == 200


def test_a_view_that_names_versions_unannounced_is_an_accident(client: APIClient) -> None:
    from tests.stellapolicy import floor_urls

    announced, floor_urls.OneTeam.tagged = floor_urls.OneTeam.tagged, frozenset()
    try:
        assert client.get(BLUE).status_code == 500
    finally:
        floor_urls.OneTeam.tagged = announced


def test_versions_that_differ_have_tags_that_differ() -> None:
    versions: list[tuple[object, ...]] = [("a", 1), ("a", "1"), ("a1",), ("a", NOON), ("a", None), ()]

    assert len({tag_of(*version) for version in versions}) == len(versions)
