"""The policies app."""

from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    """What should be: language, packs, evidence, evaluation."""

    name = "policies"
    label = "policies"

    def ready(self) -> None:
        from stellapolicy.audit import actions  # noqa: PLC0415 - needs loaded apps

        actions.register(
            {
                "evidence.received": "Evidence received",
                "feed.loaded": "Feed loaded",
                "pack.installed": "Shipped pack installed",
                "pack.update_proposed": "Update of a shipped pack proposed",
                "pack.revision_drafted": "Pack revision drafted",
            }
        )
