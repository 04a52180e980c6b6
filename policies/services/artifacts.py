"""Artifacts: made known once, called and owned by what their reports say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from policies.errors import ArtifactUnknown, NameContradicted, OwnedByAnother, ServiceMissing, SubjectUnstated
from policies.evidence.ownership import most_specific
from policies.evidence.repository import contradicts, name_of, stated_repositories
from policies.importers.records import ReportSubject
from policies.models import Artifact, Basis, OwnershipConflict
from policies.services.uploads import ArtifactReference, UnderstoodUpload, check_artifact_digest
from stellapolicy.audit import services as audit
from stellapolicy.kernel.actor import Actor, ScopeMissing
from stellapolicy.kernel.refusals import Fault
from stellapolicy.tenancy.models import Service

UPLOAD_SCOPE = "evidence:write"
ASSIGN_SCOPE = "governance:write"


@dataclass(frozen=True, slots=True)
class _Home:
    """A service, or None where nobody claims the artifact, and why."""

    service: Service | None
    because: str


@dataclass(frozen=True, slots=True)
class _Word:
    """What the reports themselves say: repositories, and the service that these or their labels lead to."""

    repositories: tuple[str, ...]
    home: _Home

    @property
    def is_given(self) -> bool:
        """Whether the reports say anything about where the artifact belongs."""
        return bool(self.repositories) or self.home.service is not None


def register_artifact(reference: ArtifactReference, *, at: datetime) -> Artifact:
    """Return the artifact of this digest, made known now if it was not.

    Without a report the service is what the name and labels claim; the first report that states one replaces it.
    """
    check_artifact_digest(reference.digest)
    known = Artifact.objects.locked().select_related("service__team").filter(digest=reference.digest).first()
    if known is not None:
        return known
    return _locked(reference, reference.name, _claimed_home(reference, _services()), Basis.CLAIMED, at=at)[0]


def place_artifact(
    reference: ArtifactReference, reports: Sequence[UnderstoodUpload], *, actor: Actor, at: datetime
) -> Artifact:
    """Return the artifact that reports are about, in the service that their own words lead to.

    An artifact never moves from one stated service to another: the conflict is kept for a person to settle. Raises
    NameContradicted, OwnedByAnother, SubjectUnstated and ScopeMissing.
    """
    _refuse_contradiction(reference, reports)
    services = _services()
    word = _word_of(reports, reference.digest, services)
    if word.is_given:
        name = name_of(reference.name, word.repositories)
        artifact, is_new = _locked(reference, name, word.home, Basis.STATED, at=at)
        if not is_new:
            _heed(artifact, name, word, actor=actor, at=at)
    else:
        claimed = _claimed_home(reference, services)
        artifact, _ = _locked(reference, reference.name, claimed, Basis.CLAIMED, at=at)
    _require_uploader(actor, artifact)
    return artifact


@transaction.atomic
def assign_artifact(*, actor: Actor, pk: UUID, service: str | None, reason: str, at: datetime) -> Artifact:
    """Say to which service (its slug; None for nobody's) an artifact belongs; later reports do not change it.

    It settles the artifact's conflicts. Raises ArtifactUnknown, ServiceMissing and ScopeMissing.
    """
    actor.require(ASSIGN_SCOPE)
    owner = None if service is None else _service_called(service)
    artifact = Artifact.objects.locked().filter(pk=pk).first()
    if artifact is None:
        raise ArtifactUnknown(f"{pk} is no artifact of this tenant")
    artifact.service, artifact.basis = owner, Basis.ASSIGNED
    artifact.joined_because = f"{actor.person}: {reason}"[:700]
    artifact.save(update_fields=["service", "basis", "joined_because"])
    OwnershipConflict.objects.filter(artifact=artifact).open().update(settled_by=actor.person, settled_at=at)
    audit.record(actor, "artifact.assigned", artifact, at=at, reason=reason)
    return artifact


def _service_called(slug: str) -> Service:
    service = Service.objects.filter(slug=slug).first()
    if service is None:
        message = f"{slug[:80]!r} is no service of this tenant"
        raise ServiceMissing(message, faults=(Fault("/service", ServiceMissing.code, message),))
    return service


def _services() -> list[Service]:
    return list(Service.objects.select_related("team").order_by("slug"))


def _word_of(reports: Sequence[UnderstoodUpload], artifact_digest: str, services: Sequence[Service]) -> _Word:
    subjects = [report.subject for report in reports]
    repositories = sorted({name for one in subjects for name in stated_repositories(one, artifact_digest)})
    return _Word(tuple(repositories), _home(repositories, _own_labels(subjects), services))


def _claimed_home(reference: ArtifactReference, services: Sequence[Service]) -> _Home:
    return _home([reference.name], reference.labels, services)


def _home(names: Sequence[str], labels: Mapping[str, str], services: Sequence[Service]) -> _Home:
    found = most_specific(names, labels, services)
    if found is None:
        return _Home(None, f"no service claims {', '.join(filter(None, names)) or 'it'}")
    return _Home(next(service for service in services if service.slug == found.slug), found.because)


def _own_labels(subjects: Sequence[ReportSubject]) -> dict[str, str]:
    """Return the labels the artifact itself carries, as far as all reports that name one agree on it."""
    values: dict[str, set[str]] = {}
    for name, value in (pair for subject in subjects for pair in subject.labels):
        values.setdefault(name, set()).add(value)
    return {name: min(said) for name, said in values.items() if len(said) == 1}


def _locked(
    reference: ArtifactReference, name: str, home: _Home, basis: Basis, *, at: datetime
) -> tuple[Artifact, bool]:
    """Return the artifact and whether it is new; held until the transaction ends: two posts at once make one."""
    return (
        Artifact.objects.locked()
        .select_related("service__team")
        .get_or_create(
            digest=reference.digest,
            defaults={
                "name": name[:500],
                "labels": reference.labels,
                "first_seen_at": at,
                "service": home.service,
                "basis": basis,
                "joined_because": home.because[:700],
            },
        )
    )


def _refuse_contradiction(reference: ArtifactReference, reports: Sequence[UnderstoodUpload]) -> None:
    for report in reports:
        stated = stated_repositories(report.subject, reference.digest)
        if contradicts(reference.name, stated):
            message = f"it is posted as {reference.name[:200]}, and the report is about {', '.join(stated)[:400]}"
            raise NameContradicted(message, faults=(Fault("/artifact/name", NameContradicted.code, message),))


def _heed(artifact: Artifact, name: str, word: _Word, *, actor: Actor, at: datetime) -> None:
    """Let a known artifact follow its first report's word; against an earlier one, keep it and note the conflict."""
    stated = word.home.service
    if artifact.basis == Basis.CLAIMED or (artifact.basis == Basis.STATED and artifact.service_id is None):
        moved = artifact.service_id != (stated.pk if stated else None) and artifact.service_id is not None
        artifact.name, artifact.service, artifact.basis = name[:500], stated, Basis.STATED
        artifact.joined_because = word.home.because[:700]
        artifact.save(update_fields=["name", "service", "basis", "joined_because"])
        if moved:
            audit.record(actor, "artifact.claim_corrected", artifact, at=at, reason=word.home.because)
        return
    if artifact.service_id == (stated.pk if stated else None):
        return
    _require_both(artifact, word, actor)
    _note_conflict(artifact, word, actor=actor, at=at)


def _require_both(artifact: Artifact, word: _Word, actor: Actor) -> None:
    stated = word.home.service.pk if word.home.service else None
    if actor.holds_for(UPLOAD_SCOPE, artifact.service_id) and actor.holds_for(UPLOAD_SCOPE, stated):
        return
    holder = artifact.service.slug if artifact.service else "no service"
    raise OwnedByAnother(
        f"the artifact belongs to {holder} ({artifact.joined_because}), and the report states "
        f"{', '.join(word.repositories) or 'labels'} ({word.home.because}); a holder of {ASSIGN_SCOPE} can assign it"
    )


def _note_conflict(artifact: Artifact, word: _Word, *, actor: Actor, at: datetime) -> None:
    repository = (", ".join(word.repositories) or word.home.because)[:500]
    if OwnershipConflict.objects.filter(artifact=artifact, repository=repository).exists():
        return
    conflict = OwnershipConflict.objects.create(
        artifact=artifact,
        repository=repository,
        stated_service=word.home.service,
        kept_service=artifact.service,
        said_by=actor.subject,
        noticed_at=at,
    )
    audit.record(actor, "artifact.ownership_contested", conflict, at=at, reason=word.home.because)


def _require_uploader(actor: Actor, artifact: Artifact) -> None:
    """Refuse who may not add evidence; where no report ever said whose it is, only the whole tenant's uploaders may."""
    if artifact.basis == Basis.CLAIMED and actor.holds_anywhere(UPLOAD_SCOPE):
        if actor.services_with(UPLOAD_SCOPE) is not None:
            raise SubjectUnstated(
                "no report says which repository the artifact is, so it takes a holder of "
                f"{UPLOAD_SCOPE} in the whole tenant to say what it is about"
            )
        return
    if not actor.holds_for(UPLOAD_SCOPE, artifact.service_id):
        owner = artifact.service.slug if artifact.service else "no service"
        raise ScopeMissing(
            f"{actor.subject} does not hold {UPLOAD_SCOPE} for what belongs to {owner} ({artifact.joined_because})"
        )
