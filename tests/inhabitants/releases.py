"""Deployments, a run and VEX about products, for every page of releases."""

import json
from datetime import datetime, timedelta

from policies.services.evidence import ArtifactReference, Upload
from policies.services.evidence_runs import queue_import
from policies.services.releases import BuildContext, record_build, record_deployment
from policies.services.vex import publish_vex
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import rfc3339
from stellapolicy.tenancy.scope import tenant_scope
from tests.reports import digest_of, trivy


def release(actor: Actor, image: str, *, at: datetime) -> None:
    """Tell of a build and a deployment of a known image, publish VEX, and queue an import."""
    with tenant_scope(actor.tenant_id):
        digest = digest_of(image)
        context = BuildContext(commit="c0ffee", branch="main", pipeline_url="https://ci.example/1")
        record_build(actor=actor, artifact_digest=digest, context=context, at=at)
        record_deployment(
            actor=actor, artifact_digest=digest, environment="staging", deployed_at=None, url="https://x.example", at=at
        )
        queue_import(
            actor=actor,
            artifact=ArtifactReference(digest, image),
            uploads=[Upload("late.json", trivy(image, scanned_at=at - timedelta(hours=2)))],
            at=at,
        )
        publish_vex(actor=actor, upload=Upload("vex.json", _statement(at - timedelta(hours=1))), at=at)


def _statement(issued_at: datetime) -> bytes:
    return json.dumps(
        {
            "@context": "https://openvex.dev/ns/v0.2.0",
            "@id": "https://example.org/vex/1",
            "author": "Example",
            "timestamp": rfc3339(issued_at),
            "version": 1,
            "statements": [
                {
                    "vulnerability": {"name": "CVE-2023-44487"},
                    "products": [{"@id": "pkg:npm/golang.org"}],
                    "status": "under_investigation",
                }
            ],
        }
    ).encode()
