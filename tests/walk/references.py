"""What stands for each parameter of the API in the tenant that strangers must not see.

A new endpoint needs nothing here when its address has no parameter and its body and query name no row. Else say where
its parameter is found: one function per address (up to and including the parameter) under `@path`, one per member of a
body or query under `@member`; each gets the inhabited tenant, inside its scope, and returns real values, of rows that
`tests.admin_pages.inhabit` made or that it makes itself.
"""

from collections.abc import Callable, Iterable

from exceptions.models import ExceptionEvidence, PolicyException
from gates.models import GateDecision, GateJob
from policies.models import Artifact, EpssScore, HeldFeed, KevEntry, PackRevision, RunContent, Snapshot
from policies.services.evidence_runs import IMPORT
from policies.services.runs import enqueue
from stellapolicy.access.models import GroupMapping, RoleAssignment, TrustedWorkload
from stellapolicy.audit.models import Entry
from stellapolicy.governance.models import ApprovalRequest, Delegation
from stellapolicy.outbox.models import (
    Notification,
    NotificationChannel,
    NotificationRule,
    WebhookDelivery,
    WebhookSubscription,
)
from stellapolicy.tenancy.models import Environment, Service, Team
from tests.admin_pages import Inhabited

Values = Iterable[object]
Source = Callable[[Inhabited], Values]
PATHS: dict[str, Source] = {}
MEMBERS: dict[str, Source] = {}
# Members that look like references and are none: what they say is the caller's own, or the same for every tenant.
NOT_REFERENCES = frozenset({"digest_version", "request_id", "payload_hash", "repository_id"})


def path(address: str) -> Callable[[Source], Source]:
    """Say what stands for the last parameter of an address."""

    def keep(source: Source) -> Source:
        PATHS[address] = source
        return source

    return keep


def member(*names: str) -> Callable[[Source], Source]:
    """Say what stands for members of bodies and queries of these names."""

    def keep(source: Source) -> Source:
        MEMBERS.update(dict.fromkeys(names, source))
        return source

    return keep


@path("/tokens/{id}")
def _tokens(acme: Inhabited) -> Values:
    return [acme.token.pk]


@path("/artifacts/{id}")
def _artifact_ids(acme: Inhabited) -> Values:
    return Artifact.objects.values_list("pk", flat=True)


@path("/snapshots/{name}")
def _snapshots(acme: Inhabited) -> Values:
    return Snapshot.objects.values_list("name", flat=True)


@path("/packs/{name}")
def _packs(acme: Inhabited) -> Values:
    return PackRevision.objects.order_by("pack").values_list("pack__name", flat=True).distinct()


@path("/packs/{name}/revisions/{version}")
def _revisions(acme: Inhabited) -> Values:
    return PackRevision.objects.order_by("-version").values_list("version", flat=True).distinct()


@path("/feeds/{name}")
def _feeds(acme: Inhabited) -> Values:
    return ["epss", "kev"]


@path("/feeds/{name}/held/{id}")
def _held_feeds(acme: Inhabited) -> Values:
    kept = {"origin": "upload", "stored_as": "nowhere", "size_bytes": 1, "code": "feed.shrunk", "reason": "shorter"}
    held, _ = HeldFeed.objects.get_or_create(
        name="epss",
        digest="sha256:" + "0" * 64,
        defaults={**kept, "is_readable": False, "kept_by": "test", "kept_at": acme.at},
    )
    return [held.pk]


@path("/epss/{cve}")
def _scored(acme: Inhabited) -> Values:
    return EpssScore.objects.values_list("cve", flat=True)


@path("/kev/{cve}")
def _exploited(acme: Inhabited) -> Values:
    return KevEntry.objects.values_list("cve", flat=True)


@path("/gates/decisions/{id}")
def _decisions(acme: Inhabited) -> Values:
    return GateDecision.objects.values_list("pk", flat=True)


@path("/gates/jobs/{id}")
def _jobs(acme: Inhabited) -> Values:
    return GateJob.objects.filter(tenant=acme.tenant).values_list("pk", flat=True)


@path("/exceptions/{reference}")
def _exceptions(acme: Inhabited) -> Values:
    forgiven, waiting = PolicyException.objects.order_by("number")
    return [forgiven.pk, forgiven.number, waiting.pk]


@path("/exceptions/{reference}/evidence/{id}")
def _evidence_of_exceptions(acme: Inhabited) -> Values:
    return ExceptionEvidence.objects.order_by("exception__number").values_list("pk", flat=True)


@path("/approvals/{id}")
def _approvals(acme: Inhabited) -> Values:
    return ApprovalRequest.objects.values_list("pk", flat=True)


@path("/delegations/{id}")
def _delegations(acme: Inhabited) -> Values:
    return Delegation.objects.values_list("pk", flat=True)


@path("/governance/settings/{name}")
def _settings(acme: Inhabited) -> Values:
    return ["approval_time_out_days", "role_grants_need_second_person"]


@path("/roles/{id}")
def _roles(acme: Inhabited) -> Values:
    return RoleAssignment.objects.values_list("pk", flat=True)


@path("/webhooks/{id}")
def _webhooks(acme: Inhabited) -> Values:
    return WebhookSubscription.objects.kept().values_list("pk", flat=True)


@path("/webhooks/{id}/deliveries/{delivery_id}")
def _webhook_deliveries(acme: Inhabited) -> Values:
    return WebhookDelivery.objects.values_list("pk", flat=True)


@path("/notification-channels/{id}")
def _channels(acme: Inhabited) -> Values:
    return NotificationChannel.objects.live().values_list("pk", flat=True)


@path("/notification-rules/{id}")
def _rules(acme: Inhabited) -> Values:
    return NotificationRule.objects.live().values_list("pk", flat=True)


@member("channel_id")
def _channel_ids(acme: Inhabited) -> Values:
    return NotificationChannel.objects.live().values_list("pk", flat=True)


@member("notification_ids")
def _notification_ids(acme: Inhabited) -> Values:
    return Notification.objects.values_list("pk", flat=True)


@member("team_id")
def _team_ids(acme: Inhabited) -> Values:
    return Team.objects.values_list("pk", flat=True)


@path("/runs/{id}")
def _runs(acme: Inhabited) -> Values:
    if not RunContent.objects.exists():
        enqueue(actor=acme.actor, kind=IMPORT, title="acme's own", question={}, at=acme.at)
    return RunContent.objects.values_list("run", flat=True)


@path("/services/{slug}")
def _service_slugs(acme: Inhabited) -> Values:
    return Service.objects.order_by("slug").values_list("slug", flat=True)


@path("/teams/{slug}")
def _team_slugs(acme: Inhabited) -> Values:
    return Team.objects.order_by("slug").values_list("slug", flat=True)


@path("/environments/{slug}")
def _environment_slugs(acme: Inhabited) -> Values:
    return Environment.objects.order_by("slug").values_list("slug", flat=True)


@path("/group-mappings/{id}")
def _group_mappings(acme: Inhabited) -> Values:
    given = {"created_by": "test", "created_at": acme.at}
    mapping, _ = GroupMapping.objects.get_or_create(group="acme-people", role="viewer", defaults=given)
    return [mapping.pk]


@path("/trusted-workloads/{id}")
def _trusted_workloads(acme: Inhabited) -> Values:
    workload, _ = TrustedWorkload.objects.get_or_create(
        issuer="github",
        repository_id="4711",
        repository="acme/api",
        ref_pattern="refs/heads/main",
        service=Service.objects.earliest("slug"),
        defaults={"created_by": "test", "created_at": acme.at},
    )
    return [workload.pk]


@member("service_id", "service_ids")
def _service_ids(acme: Inhabited) -> Values:
    return Service.objects.values_list("pk", flat=True)


@member("service", "service__slug")
def _services(acme: Inhabited) -> Values:
    return Service.objects.values_list("slug", flat=True)


@member("digest", "artifact", "artifact_digest")
def _artifacts(acme: Inhabited) -> Values:
    return Artifact.objects.values_list("digest", flat=True)


@member("snapshot")
def _snapshot_names(acme: Inhabited) -> Values:
    return Snapshot.objects.values_list("name", flat=True)


@member("username")
def _people(acme: Inhabited) -> Values:
    return [acme.person.username]


@member("cve")
def _cves(acme: Inhabited) -> Values:
    return EpssScore.objects.values_list("cve", flat=True)


@member("target_id")
def _targets(acme: Inhabited) -> Values:
    return Entry.objects.order_by("-seq").values_list("target_id", flat=True)
