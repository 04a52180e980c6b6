"""A pipeline's ID token becomes a token of ours; everything else is refused by its own code."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django.fixtures import Settings
from rest_framework.test import APIClient

from stellapolicy.access.models import ApiToken, SpentIdentity
from stellapolicy.access.services.exchange import Exchange, exchange_identity
from stellapolicy.access.services.retention import forget_ended_workload_tokens
from stellapolicy.access.services.workloads import withdraw_workload
from stellapolicy.audit.models import Entry
from stellapolicy.kernel.refusals import Refusal
from stellapolicy.tenancy.models import Tenant
from stellapolicy.tenancy.scope import tenant_scope
from tests.factories import ServiceFactory, TenantFactory, almighty
from tests.issuer import EC, Issuer, issuer
from tests.stellapolicy.access.test_sign_in import ME, speaking
from tests.stellapolicy.access.workloads import AUDIENCE, DOOR, GITHUB_RUN, GITLAB_RUN, believe, code_of, sent, trust

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.stellapolicy.floor_urls")]


def test_a_run_gets_a_token_for_its_service_alone(github: Issuer, tenant: Tenant) -> None:
    workload = trust(tenant)

    answer = sent(github.sign(GITHUB_RUN), provider="github", audience=AUDIENCE)

    assert answer.status_code == 201
    assert answer["Cache-Control"] == "no-store"
    told = answer.json()
    assert (told["token_type"], told["expires_in"], told["scope"]) == ("Bearer", 900, "evidence:write gate:evaluate")
    me = speaking(told["access_token"]).get(ME).json()
    assert me["subject"] == "workload:github:acme/api@refs/heads/main"
    assert me["scopes"] == ["evidence:write", "gate:evaluate"]
    assert me["service_ids"] == [str(workload.service_id)]


def test_an_exchange_is_audited_and_its_token_names_no_person(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    sent(github.sign(GITHUB_RUN))

    token = ApiToken.objects.get()
    assert token.user is None
    assert token.expiry - token.created == timedelta(minutes=15)
    with tenant_scope(tenant.pk):
        entry = Entry.objects.get(action="workload.exchanged")
    assert entry.actor == "workload:github:acme/api@refs/heads/main"
    assert "repository 42" in entry.reason


def test_a_gitlab_job_gets_one_too(gitlab: Issuer, tenant: Tenant) -> None:
    trust(tenant, issuer="gitlab")

    told = sent(gitlab.sign(GITLAB_RUN, key=EC)).json()

    assert told["subject"] == "workload:gitlab:acme/api@refs/heads/main"


def test_another_issuer_is_trusted_by_its_subject(settings: Settings, tenant: Tenant) -> None:
    with issuer() as running:
        believe(settings, running, provider="generic", name="buildkite")
        trust(tenant, issuer="buildkite", repository_id="org:acme", repository="acme", ref_pattern="*")

        told = sent(running.sign({"aud": AUDIENCE, "sub": "org:acme", "ref": "main", "ref_protected": True})).json()

    assert told["subject"] == "workload:generic:org:acme@main"


def test_a_repository_nobody_trusts_is_refused(github: Issuer, tenant: Tenant) -> None:
    assert code_of(github.sign(GITHUB_RUN)) == "workload.untrusted"


def test_a_new_repository_of_an_old_name_is_another_one(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    assert code_of(github.sign({**GITHUB_RUN, "repository_id": "43"})) == "workload.repository_mismatch"


def test_a_repository_that_was_renamed_is_still_the_same(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    assert code_of(github.sign({**GITHUB_RUN, "repository": "acme/renamed"})) == ""


@pytest.mark.parametrize(
    "said",
    [
        {"event_name": "pull_request"},
        {"event_name": "pull_request_target"},
        {"event_name": "push", "head_repo": "stranger/api"},
        {"ref": "refs/pull/7/merge"},
    ],
)
def test_a_fork_is_refused(said: dict[str, str], github: Issuer, tenant: Tenant) -> None:
    trust(tenant, ref_pattern="*")

    assert code_of(github.sign({**GITHUB_RUN, **said})) == "workload.fork_refused"


@pytest.mark.parametrize(
    "said",
    [
        {"pipeline_source": "merge_request_event"},
        {"pipeline_source": "external_pull_request_event"},
        {"ref_path": "refs/merge-requests/7/head"},
    ],
)
def test_a_merge_request_is_refused(said: dict[str, str], gitlab: Issuer, tenant: Tenant) -> None:
    trust(tenant, issuer="gitlab", ref_pattern="*")

    assert code_of(gitlab.sign({**GITLAB_RUN, **said})) == "workload.fork_refused"


def test_the_project_of_a_fork_is_another_project(gitlab: Issuer, tenant: Tenant) -> None:
    trust(tenant, issuer="gitlab")

    fork = {**GITLAB_RUN, "project_id": "43", "project_path": "stranger/api"}
    assert code_of(gitlab.sign(fork)) == "workload.untrusted"


@pytest.mark.parametrize("protected", ["false", False, None, "yes"])
def test_an_unprotected_ref_is_refused(protected: object, github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    assert code_of(github.sign({**GITHUB_RUN, "ref_protected": protected})) == "workload.ref_unprotected"


def test_an_unprotected_ref_may_be_trusted_on_purpose(github: Issuer, tenant: Tenant) -> None:
    trust(tenant, protected_only=False)

    assert code_of(github.sign({**GITHUB_RUN, "ref_protected": "false"})) == ""


@pytest.mark.parametrize("ref", ["refs/heads/main2", "refs/tags/main", "refs/heads/feature/main"])
def test_another_ref_is_refused(ref: str, github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    assert code_of(github.sign({**GITHUB_RUN, "ref": ref})) == "workload.ref_refused"


@pytest.mark.parametrize("environment", ["staging", None])
def test_another_environment_is_refused(environment: str | None, github: Issuer, tenant: Tenant) -> None:
    trust(tenant, environment="production")

    assert code_of(github.sign({**GITHUB_RUN, "environment": environment})) == "workload.environment_refused"
    assert code_of(github.sign({**GITHUB_RUN, "environment": "production"})) == ""


def test_a_token_is_exchanged_once(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)
    token = github.sign(GITHUB_RUN)

    codes = [code_of(token), code_of(token)]

    assert codes == ["", "identity.replayed"]
    assert ApiToken.objects.count() == 1


def test_a_refused_token_is_not_spent(github: Issuer, tenant: Tenant) -> None:
    token = github.sign(GITHUB_RUN)
    refused = code_of(token)
    trust(tenant)

    assert refused == "workload.untrusted"
    assert code_of(token) == ""


@pytest.mark.django_db(transaction=True)
def test_of_two_exchanges_at_once_one_is_refused(settings: Settings) -> None:
    tenant = TenantFactory()
    with issuer() as running:
        believe(settings, running)
        trust(tenant)
        token, outcomes = running.sign(GITHUB_RUN), list[str]()
        barrier = threading.Barrier(4)

        def exchange() -> None:
            barrier.wait()
            try:
                exchange_identity(asked=Exchange(token, tenant.slug), at=datetime.now(tz=UTC))
                outcomes.append("")
            except Refusal as refusal:
                outcomes.append(refusal.code)
            finally:
                connection.close()

        threads = [threading.Thread(target=exchange) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(outcomes) == ["", *["identity.replayed"] * 3]


def test_several_services_need_a_choice(github: Issuer, tenant: Tenant) -> None:
    with tenant_scope(tenant.pk):
        api, web = ServiceFactory(slug="api"), ServiceFactory(slug="web")
    trust(tenant, api)
    trust(tenant, web)

    undecided = code_of(github.sign(GITHUB_RUN))
    chosen = sent(github.sign(GITHUB_RUN), service="web").json()

    assert undecided == "workload.ambiguous"
    assert chosen["service_id"] == str(web.pk)
    assert code_of(github.sign(GITHUB_RUN), service="other") == "workload.untrusted"


def test_a_run_reaches_the_tenant_it_names_whoever_else_trusts_its_repository(
    github: Issuer, tenant: Tenant, other_tenant: Tenant
) -> None:
    trust(tenant)
    trust(other_tenant)

    told = [sent(github.sign(GITHUB_RUN), tenant=each.slug).json()["tenant_id"] for each in (tenant, other_tenant)]

    assert told == [str(tenant.pk), str(other_tenant.pk)]


def test_nobody_receives_the_runs_of_a_tenant_that_has_not_trusted_yet(
    github: Issuer, tenant: Tenant, other_tenant: Tenant
) -> None:
    trust(other_tenant)

    assert code_of(github.sign(GITHUB_RUN), tenant=tenant.slug) == "workload.untrusted"


@pytest.mark.parametrize("said", [{}, {"tenant": ""}, {"tenant": None}, {"tenant": "no slug"}])
def test_a_run_that_names_no_tenant_is_told_where(said: dict[str, object], github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    answer = APIClient().post(DOOR, {"token": github.sign(GITHUB_RUN), **said}, format="json")

    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/tenant"]


def test_a_token_of_another_provider_than_said_is_refused(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    assert code_of(github.sign(GITHUB_RUN), provider="gitlab") == "workload.provider_mismatch"


def test_withdrawing_trust_ends_the_tokens_too(github: Issuer, tenant: Tenant) -> None:
    workload = trust(tenant)
    secret = sent(github.sign(GITHUB_RUN)).json()["access_token"]
    before = speaking(secret).get(ME).status_code
    with tenant_scope(tenant.pk):
        withdraw_workload(actor=almighty(tenant), pk=workload.pk, at=datetime.now(tz=UTC), reason="left")

    assert before == 200
    assert speaking(secret).get(ME).json()["code"] == "token.revoked"
    assert code_of(github.sign(GITHUB_RUN)) == "workload.untrusted"


@pytest.mark.parametrize(
    "said", [{"repository_id": None}, {"ref": None}, {"jti": None}, {"ref": ["x"]}, {"repository": {}}, {"ref": True}]
)
def test_a_token_that_does_not_say_enough_is_refused(said: dict[str, object], github: Issuer, tenant: Tenant) -> None:
    trust(tenant)

    assert code_of(github.sign({**GITHUB_RUN, **said})) == "identity.malformed"


def test_the_token_of_a_pipeline_can_hold_nothing_else(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)
    sent(github.sign(GITHUB_RUN))

    with pytest.raises(IntegrityError, match="workload_token_asks_and_submits_only"), transaction.atomic():
        ApiToken.objects.update(scopes=["exception:approve"])


def test_ended_tokens_and_spent_identities_are_forgotten(github: Issuer, tenant: Tenant) -> None:
    trust(tenant)
    sent(github.sign(GITHUB_RUN))
    at = datetime.now(tz=UTC)

    kept = forget_ended_workload_tokens(at=at + timedelta(minutes=9))
    removed = forget_ended_workload_tokens(at=at + timedelta(days=8))

    assert (kept, removed) == (0, 1)
    assert not ApiToken.objects.exists()
    assert not SpentIdentity.objects.exists()
