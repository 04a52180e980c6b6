"""The policies app."""

from importlib import import_module

from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    """What should be: language, packs, evidence, evaluation."""

    name = "policies"
    label = "policies"

    def ready(self) -> None:
        from stellapolicy.audit import actions  # noqa: PLC0415 - needs loaded apps
        from stellapolicy.outbox import names  # noqa: PLC0415 - needs loaded apps

        actions.register(
            {
                "artifact.assigned": "Artifact assigned to a service",
                "artifact.claim_corrected": "Claimed service of an artifact corrected by a report",
                "artifact.ownership_contested": "Report states another service for an artifact",
                "evidence.received": "Evidence received",
                "vex.published": "VEX about products published",
                "build.recorded": "Build recorded",
                "deployment.recorded": "Deployment recorded",
                "run.queued": "Run queued",
                "run.cancelled": "Run cancelled",
                "feed.loaded": "Feed loaded",
                "feed.kept_aside": "Feed file kept aside",
                "feed.acceptance_asked": "Loading a feed file that is kept aside was asked for",
                "feed.accepted": "Feed file that was kept aside loaded",
                "feed.refused": "Loading a feed file that is kept aside was refused",
                "feed.discarded": "Feed file that was kept aside discarded",
                "feed.check_failed": "Checks of a feed began to fail",
                "pack.installed": "Shipped pack installed",
                "pack.update_proposed": "Update of a shipped pack proposed",
                "pack.revision_drafted": "Pack revision drafted",
            }
        )
        names.register(
            {
                "deployment.recorded": "An artifact went to an environment",
                "evidence.changed": "Evidence about an artifact changed",
                "vex.published": "VEX statements joined the evidence they speak of",
                "intelligence.changed": "What the world knows of vulnerabilities changed",
                "advisory.affected": "Artifacts are concerned by an advisory",
                "feed.affected": "Artifacts are concerned by what a feed brought",
                "feed.failed": "A feed cannot be read",
                "feed.kept_aside": "A feed file was kept aside",
            }
        )
        import_module("stellapolicy.api.metrics").register(import_module("policies.metrics").EPSS_AGE)
        import_module("policies.wiring").wire_feeds()
        import_module("policies.wiring").wire_estate()
        import_module("policies.services.evidence_runs").announce()
        import_module("policies.services.vex").announce()
