"""The policies app."""

from django.apps import AppConfig


class PoliciesConfig(AppConfig):
    """What should be: language, packs, evidence, evaluation."""

    name = "policies"
    label = "policies"
