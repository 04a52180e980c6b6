"""The audit app."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """Append-only, hash-chained entries of every write."""

    name = "stellapolicy.audit"
    label = "audit"

    def ready(self) -> None:
        """Tell whether the chains hold."""
        from stellapolicy.api import metrics  # noqa: PLC0415 - needs loaded apps
        from stellapolicy.audit import selectors  # noqa: PLC0415 - needs loaded apps

        metrics.register(
            metrics.Gauge("audit_chain_ok", "1 while every audit chain held when last walked.", selectors.chain_ok)
        )
        metrics.register(
            metrics.Gauge(
                "audit_chain_verification_age_seconds",
                "Since the chain that waits longest was walked.",
                selectors.chain_verification_age,
            )
        )
