"""Builds and deployments: somebody's word, kept with whose it is; the last deployment is the current one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from django.db import transaction

from policies.errors import ArtifactUnknown, BuildWithoutCommit, DeployedInFuture, EnvironmentMissing
from policies.models import Artifact, Build, BuildSource, Deployment
from policies.services.artifacts import UPLOAD_SCOPE
from stellapolicy.audit import services as audit
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.kernel.refusals import Fault
from stellapolicy.outbox.services import events
from stellapolicy.tenancy.models import Environment

DEPLOYED = "deployment.recorded"
_CLOCK_SKEW = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class BuildContext:
    """Where an artifact comes from, as a CI context or a provenance says; "" where it does not."""

    commit: str
    branch: str = ""
    base_commit: str = ""
    repository: str = ""
    pipeline_url: str = ""
    ci: str = ""
    built_at: datetime | None = None
    source: BuildSource = BuildSource.CLIENT

    @classmethod
    def from_client(cls, said: Mapping[str, str]) -> "BuildContext | None":
        """Return what a client says of its pipeline; None where it names no commit, without which there is no build."""
        if not said.get("commit"):
            return None
        return cls(
            commit=said["commit"][:100],
            branch=said.get("branch", "")[:255],
            base_commit=said.get("base_commit", "")[:100],
            repository=said.get("repository", "")[:500],
            pipeline_url=_address(said.get("pipeline_url", "")),
            ci=said.get("ci", "")[:50],
        )


RowT = TypeVar("RowT")


@dataclass(frozen=True, slots=True)
class Recorded(Generic[RowT]):
    """A row and whether it is new."""

    row: RowT
    is_new: bool


def keep_build(*, actor: Actor, artifact: Artifact, context: BuildContext, at: datetime) -> None:
    """Keep a build of an artifact the caller may add to, in one statement; the same pipeline run is kept once."""
    Build.objects.bulk_create([_build(artifact, context, actor, at)], ignore_conflicts=True)


@transaction.atomic
def record_build(*, actor: Actor, artifact_digest: str, context: BuildContext, at: datetime) -> Recorded[Build]:
    """Keep a build of a known artifact; raises ArtifactUnknown, BuildWithoutCommit and ScopeMissing."""
    artifact = _artifact(artifact_digest)
    actor.require(UPLOAD_SCOPE, service=artifact.service_id)
    if not context.commit:
        raise BuildWithoutCommit("a build names the commit it was made of")
    known = Build.objects.filter(artifact=artifact, commit=context.commit, pipeline_url=context.pipeline_url).first()
    if known is not None:
        return Recorded(known, is_new=False)
    build = _build(artifact, context, actor, at)
    build.save(force_insert=True)
    audit.record(actor, "build.recorded", build, at=at)
    return Recorded(build, is_new=True)


@transaction.atomic
def record_deployment(
    *, actor: Actor, artifact_digest: str, environment: str, deployed_at: datetime | None, url: str, at: datetime
) -> Recorded[Deployment]:
    """Keep that an artifact went to an environment, and publish it; the same words twice are one deployment.

    Raises ArtifactUnknown, EnvironmentMissing, DeployedInFuture and ScopeMissing.
    """
    artifact = _artifact(artifact_digest)
    actor.require(UPLOAD_SCOPE, service=artifact.service_id)
    place = Environment.objects.filter(slug=environment).first()
    if place is None:
        message = f"{environment[:80]!r} is no environment of this tenant"
        raise EnvironmentMissing(message, faults=(Fault("/environment", EnvironmentMissing.code, message),))
    moment = deployed_at or at
    if moment - at > _CLOCK_SKEW:
        message = f"{rfc3339(moment)} is after now, {rfc3339(at)}"
        raise DeployedInFuture(message, faults=(Fault("/deployed_at", DeployedInFuture.code, message),))
    known = Deployment.objects.filter(artifact=artifact, environment=place, deployed_at=moment).first()
    if known is not None:
        return Recorded(known, is_new=False)
    deployment = Deployment.objects.create(
        artifact=artifact,
        environment=place,
        service=artifact.service,
        deployed_at=moment,
        url=_address(url),
        said_by=actor.subject,
        recorded_at=at,
    )
    audit.record(actor, DEPLOYED, deployment, at=at)
    _publish(deployment, actor=actor, at=at)
    return Recorded(deployment, is_new=True)


def _publish(deployment: Deployment, *, actor: Actor, at: datetime) -> None:
    events.publish(
        DEPLOYED,
        actor=actor,
        subject=deployment.artifact.digest,
        data={
            "deployment": str(deployment.pk),
            "artifact": deployment.artifact.digest,
            "environment": deployment.environment.slug,
            "service": deployment.service.slug if deployment.service else None,
            "deployed_at": rfc3339(deployment.deployed_at),
        },
        at=at,
    )


def _artifact(artifact_digest: str) -> Artifact:
    """Return a known artifact, held so that the same words said twice at once are kept once."""
    artifact = Artifact.objects.locked().select_related("service").filter(digest=artifact_digest).first()
    if artifact is None:
        raise ArtifactUnknown(f"{artifact_digest[:80]!r} is no artifact of this tenant; post a report about it first")
    return artifact


def _build(artifact: Artifact, context: BuildContext, actor: Actor, at: datetime) -> Build:
    return Build(
        artifact=artifact,
        commit=context.commit,
        branch=context.branch,
        base_commit=context.base_commit,
        repository=context.repository,
        pipeline_url=context.pipeline_url,
        ci=context.ci,
        built_at=context.built_at,
        source=context.source,
        said_by=actor.subject,
        recorded_at=at,
    )


def _address(url: str) -> str:
    """Return a web address that can be shown as a link and indexed, "" for anything else."""
    usable = url.startswith(("https://", "http://")) and url.isascii() and url.isprintable()
    return url[:1000] if usable else ""
