"""What is told and asked about tokens and about oneself."""

from typing import Any

from rest_framework import serializers

from stellapolicy.access.models import ApiToken
from stellapolicy.access.roles import Scope
from stellapolicy.access.services.tokens import LONGEST_LIFETIME

_SCOPES = [(scope.value, scope.value) for scope in Scope]


class TokenOutput(serializers.ModelSerializer[ApiToken]):
    """A token without its secret."""

    prefix = serializers.CharField(source="token_key", help_text="How the secret begins, to recognise it.")
    username = serializers.CharField(
        source="user.username", allow_null=True, help_text="The person it speaks for; null where a pipeline does."
    )
    subject = serializers.CharField(help_text="The name under which it acts, as the audit trail shows it.")
    workload_id = serializers.UUIDField(allow_null=True, help_text="The trusted workload it was exchanged for.")
    scopes = serializers.ListField(child=serializers.CharField())
    service_id = serializers.UUIDField(allow_null=True)
    created_at = serializers.DateTimeField(source="created")
    expires_at = serializers.DateTimeField(source="expiry")

    class Meta:
        model = ApiToken
        fields: tuple[str, ...] = (
            "id",
            "name",
            "prefix",
            "username",
            "subject",
            "workload_id",
            "scopes",
            "service_id",
            "created_at",
            "created_by",
            "expires_at",
            "last_used_at",
            "revoked_at",
            "revoked_by",
        )
        read_only_fields = fields


class IssuedTokenOutput(TokenOutput):
    """A token with its secret: shown in this answer and never again."""

    secret = serializers.CharField(
        allow_null=True, help_text="Null where an Idempotency-Key brings back an earlier answer."
    )

    class Meta(TokenOutput.Meta):
        fields = (*TokenOutput.Meta.fields, "secret")
        read_only_fields = fields


class TokenRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A token that is asked for."""

    name = serializers.CharField(max_length=100)
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=_SCOPES), allow_empty=False, max_length=50)
    username = serializers.CharField(
        max_length=150, required=False, help_text="The person it speaks for; without it the one who asks."
    )
    service_id = serializers.UUIDField(required=False, allow_null=True, help_text="Limits the token to one service.")
    lifetime_days = serializers.IntegerField(min_value=1, max_value=LONGEST_LIFETIME.days, required=False)


class RevocationRequest(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Why a token ends."""

    reason = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class TenantOutput(serializers.Serializer[Any]):  # Any: a Membership
    """A tenant somebody belongs to."""

    id = serializers.UUIDField(source="tenant_id")
    slug = serializers.CharField()
    name = serializers.CharField()


class MeOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """Who asks, and what they may do."""

    subject = serializers.CharField(help_text="`user:` or `token:` and a name; what the audit trail shows.")
    person = serializers.CharField(help_text="The person behind the subject.")
    tenant = TenantOutput()
    tenants = TenantOutput(many=True, help_text="Every tenant the person may choose; a token has one.")
    scopes = serializers.ListField(child=serializers.CharField())
    service_ids = serializers.ListField(
        child=serializers.UUIDField(), allow_null=True, help_text="Where the scopes hold; null is everywhere."
    )
    service_scopes = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="Further scopes by service id."
    )
