"""The gates app."""

from django.apps import AppConfig


class GatesConfig(AppConfig):
    """What may ship: checks, decisions, the queue."""

    name = "gates"
    label = "gates"

    def ready(self) -> None:
        from gates.metrics import QUEUE_AGE, QUEUE_DEPTH  # noqa: PLC0415 - needs loaded apps
        from gates.services.retention import JOBS  # noqa: PLC0415 - needs loaded apps
        from gates.wiring import wire  # noqa: PLC0415 - needs loaded apps
        from stellapolicy.api import metrics  # noqa: PLC0415 - needs loaded apps
        from stellapolicy.audit import actions  # noqa: PLC0415 - needs loaded apps
        from stellapolicy.kernel import retention  # noqa: PLC0415 - needs loaded apps
        from stellapolicy.outbox import names  # noqa: PLC0415 - needs loaded apps

        actions.register(
            {
                "gate.established": "Gate established",
                "gate.decided": "Gate decided",
                "gate.job_queued": "Gate job queued",
                "gate.asked_again": "Gates asked again",
            }
        )
        metrics.register(QUEUE_DEPTH)
        metrics.register(QUEUE_AGE)
        names.register({"gate.decided": "A gate decided"})
        retention.register(JOBS)
        wire()
