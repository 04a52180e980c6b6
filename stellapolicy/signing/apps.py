"""The signing app."""

from django.apps import AppConfig


class SigningConfig(AppConfig):
    """Signs what the product states."""

    name = "stellapolicy.signing"
    label = "signing"

    def ready(self) -> None:
        """Put the configured signer in place, and tell trust whose public key it has."""
        from stellapolicy.signing import backends, ports, selectors  # noqa: PLC0415 - needs loaded settings
        from stellapolicy.trust import ports as trust_ports  # noqa: PLC0415 - as above

        ports.register(backends.chosen)
        trust_ports.wire(selectors.own_keys)
