"""Acts on an event from outside, as a holder of `evidence:write` in the tenant that the event names."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never

from django.db import connection, transaction

from policies.inbound.events import Advisory, Document, InboundEvent, Reports, Statements
from policies.services.evidence import receive_evidence
from policies.services.uploads import ArtifactReference, Upload
from policies.services.vex import publish_vex
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.identity import canonical_id
from stellapolicy.outbox.services.events import publish
from stellapolicy.tenancy.scope import current_tenant, tenant_scope
from stellapolicy.tenancy.selectors import named_tenant

SUBJECT: Final = "system:events"
ARTIFACTS_AT_ONCE: Final = 500
_SCOPES: Final = frozenset({"evidence:write"})
# The artifacts one of whose snapshots names the vulnerability, by its own name or by an alias.
_NAMING: Final = """
    SELECT DISTINCT artifact.digest FROM policies_artifact artifact
    JOIN policies_snapshot snapshot ON snapshot.artifact_id = artifact.id AND snapshot.tenant_id = %(tenant)s
    WHERE artifact.tenant_id = %(tenant)s AND snapshot.id IN (
        SELECT snapshot_id FROM policies_snapshotfinding WHERE tenant_id = %(tenant)s AND identifier = ANY (%(names)s)
        UNION
        SELECT snapshot_id FROM policies_snapshotalias WHERE tenant_id = %(tenant)s AND identifier = ANY (%(names)s)
    )
    ORDER BY artifact.digest
"""


def receive_event(event: InboundEvent, *, at: datetime) -> None:
    """Do what an event asks for, whole or not at all; the same event twice changes nothing the second time.

    Raises TenantUnknown and the refusals of what it asks for.
    """
    tenant = named_tenant(event.tenant)
    actor = Actor(tenant_id=tenant.pk, subject=SUBJECT, scopes=_SCOPES, request_id=event.id[:64])
    with tenant_scope(tenant.pk), transaction.atomic():
        match event.content:
            case Reports(artifact, reports):
                reference = ArtifactReference(artifact.digest, artifact.name, dict(artifact.labels))
                receive_evidence(actor=actor, artifact=reference, uploads=_uploads(reports), at=at)
            case Statements(documents):
                for upload in _uploads(documents):
                    publish_vex(actor=actor, upload=upload, at=at)
            case Advisory(vulnerabilities):
                _tell_affected(actor, vulnerabilities, at=at)
            case _:
                assert_never(event.content)


def _uploads(documents: Sequence[Document]) -> list[Upload]:
    return [Upload(document.filename, base64.b64decode(document.content_base64)) for document in documents]


def _tell_affected(actor: Actor, vulnerabilities: Sequence[str], *, at: datetime) -> None:
    """Publish which artifacts an advisory is about, in parts of bounded size; none are told of nothing."""
    names = sorted({canonical_id(name) for name in vulnerabilities})
    with connection.cursor() as cursor:
        cursor.execute(_NAMING, {"tenant": current_tenant(), "names": names})
        artifacts = [str(digest) for (digest,) in cursor.fetchall()]
    for start in range(0, len(artifacts), ARTIFACTS_AT_ONCE):
        data = {"vulnerabilities": names[:100], "artifacts": artifacts[start : start + ARTIFACTS_AT_ONCE]}
        publish("advisory.affected", actor=actor, subject=f"advisory:{names[0]}", data=data, at=at)
