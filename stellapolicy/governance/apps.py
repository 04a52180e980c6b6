"""The governance app."""

from django.apps import AppConfig


class GovernanceConfig(AppConfig):
    """Two people: approval requests, quorum, and the settings that stand behind them."""

    name = "stellapolicy.governance"
    label = "governance"
