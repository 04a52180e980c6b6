"""What is told and asked about trusted workloads and the exchange of their tokens."""

from typing import Any

from rest_framework import serializers

from stellapolicy.access.claims import Provider
from stellapolicy.access.id_tokens import LONGEST_TOKEN
from stellapolicy.access.models import TrustedWorkload

_PROVIDERS = [(provider.value, provider.value) for provider in Provider]
_ONE_LINE = r"^[^\x00-\x1f\x7f]+$"


class ExchangeRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """The ID token of a pipeline's run."""

    token = serializers.CharField(max_length=LONGEST_TOKEN, help_text="The ID token, as the provider issued it.")
    tenant = serializers.SlugField(
        max_length=50, help_text="Slug of the tenant the run speaks to: another may trust the same repository."
    )
    provider = serializers.ChoiceField(
        choices=_PROVIDERS, required=False, help_text="Where it comes from; refused where it does not."
    )
    audience = serializers.CharField(
        max_length=500,
        required=False,
        help_text="The audience asked of the provider; refused where another is expected.",
    )
    service = serializers.SlugField(
        max_length=50, required=False, help_text="Slug of the service, where the repository is trusted with several."
    )


class ExchangedOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A token of 15 minutes (the members of RFC 8693, section 2.2.1, and whom it speaks for)."""

    access_token = serializers.CharField(help_text="Shown in this answer and never again.")
    issued_token_type = serializers.CharField()
    token_type = serializers.CharField(help_text="`Bearer`.")
    expires_in = serializers.IntegerField(help_text="Seconds.")
    scope = serializers.CharField(help_text="Scopes, with spaces between them.")
    subject = serializers.CharField(help_text="The name under which it acts.")
    tenant_id = serializers.UUIDField()
    service_id = serializers.UUIDField()


class TrustedWorkloadOutput(serializers.ModelSerializer[TrustedWorkload]):
    """A repository whose runs may have tokens."""

    service_id = serializers.UUIDField()

    class Meta:
        model = TrustedWorkload
        fields = (
            "id",
            "issuer",
            "repository_id",
            "repository",
            "ref_pattern",
            "protected_only",
            "environment",
            "service_id",
            "created_at",
            "created_by",
            "withdrawn_at",
            "withdrawn_by",
        )
        read_only_fields = fields


class TrustRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A repository to be trusted."""

    issuer = serializers.CharField(max_length=64, help_text="Name of an issuer that the installation believes.")
    repository_id = serializers.RegexField(
        _ONE_LINE, max_length=255, help_text="GitHub's `repository_id`, GitLab's `project_id`: the name proves nothing."
    )
    repository = serializers.RegexField(_ONE_LINE, max_length=255, help_text="Its name, to recognise it.")
    ref_pattern = serializers.RegexField(
        _ONE_LINE, max_length=255, default="refs/heads/main", help_text="A glob over full refs; `*` spans slashes."
    )
    protected_only = serializers.BooleanField(default=True, help_text="Only for protected branches and tags.")
    environment = serializers.CharField(
        max_length=255, required=False, default="", allow_blank=True, help_text="Only for runs into this environment."
    )
    service_id = serializers.UUIDField()
