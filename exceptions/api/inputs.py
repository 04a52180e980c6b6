"""What is asked of exceptions over HTTP: bodies that take nothing they do not know, and the values made of them."""

from collections.abc import Mapping
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from exceptions.asking import SHORTEST_RATIONALE, Asked, Narrowing, TermsChange
from exceptions.errors import ExceptionInvalid
from exceptions.matching.scope import Scope, read_scope
from exceptions.models import PolicyException
from exceptions.models.choices import choices_of
from exceptions.rules.conditions import Action, Condition, ConditionKind, read_conditions
from exceptions.rules.vocabulary import KIND_OF, Effect, ExceptionType, Kind, Reason
from exceptions.rules.wording import counted
from stellapolicy.api.choices import ChoiceField
from stellapolicy.kernel.refusals import Fault

LONGEST_TEXT: Final = 10_000
LONGEST_REASON: Final = 2_000
MOST_CONTROLS: Final = 50
MOST_TAGS: Final = 20
_WHY: Final = "Stays in the history and in the audit trail."


class ExactSerializer(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A body in which a misspelt member is a mistake: ignored, it could ask for more than was meant."""

    def to_internal_value(self, data: Any) -> Any:  # noqa: ANN401 - DRF's signature
        """Return the values, or refuse with every mistake, unknown members among them."""
        unknown = {
            str(name): [ErrorDetail("is not known here", code="unknown")]
            for name in (data if isinstance(data, Mapping) else ())
            if name not in self.fields
        }
        try:
            values = super().to_internal_value(data)
        except serializers.ValidationError as mistakes:
            if unknown and isinstance(mistakes.detail, dict):
                raise serializers.ValidationError({**mistakes.detail, **unknown}) from None
            raise
        if unknown:
            raise serializers.ValidationError(unknown)
        return values


_PATTERN: Final = {
    "type": "string",
    "maxLength": 500,
    "description": "`pkg:npm/lodash`, `pkg:npm/lodash@4.17.20`, `pkg:maven/org.apache.*/log4j-*`.",
}
_VERSIONS: Final = {
    "type": "string",
    "maxLength": 500,
    "description": "`vers:npm/>=4.0.0|<5.0.0`; never beside a version in the pattern.",
}


@extend_schema_field(
    {
        "oneOf": [
            _PATTERN,
            {"type": "object", "required": ["pattern"], "properties": {"pattern": _PATTERN, "versions": _VERSIONS}},
        ],
        "description": "A package, a version of it, or a pattern; as an object optionally within a version range.",
    }
)
class PackageField(serializers.JSONField):
    """A package pattern as it was written."""


class ScopeInput(serializers.Serializer[Any]):  # Any: only describes
    """Which findings in which places: AND across members, OR within one; one that is left out is open.

    At least one of vulnerabilities, packages and rules names something.
    """

    vulnerabilities = serializers.ListField(child=serializers.CharField(), required=False)
    packages = serializers.ListField(child=PackageField(), required=False)
    digests = serializers.ListField(child=serializers.CharField(), required=False, help_text="Of artifacts.")
    artifacts = serializers.ListField(child=serializers.CharField(), required=False, help_text="Globs over names.")
    labels = serializers.DictField(child=serializers.CharField(), required=False, help_text="All of them.")
    services = serializers.ListField(child=serializers.CharField(), required=False, help_text="Slugs.")
    environments = serializers.ListField(child=serializers.CharField(), required=False, help_text="Slugs.")
    rules = serializers.ListField(child=serializers.CharField(), required=False, help_text="Rules of policies; globs.")


class ConditionInput(serializers.Serializer[Any]):  # Any: only describes
    """What makes an exception void, and what happens then."""

    kind = ChoiceField(choices=choices_of(ConditionKind))
    action = ChoiceField(choices=choices_of(Action))
    threshold = serializers.CharField(required=False, help_text="A decimal, a count or days, by the kind.")
    environments = serializers.ListField(child=serializers.CharField(), required=False)


@extend_schema_field(ScopeInput)
class ScopeField(serializers.JSONField):
    """A scope as it was written; it is read by the matcher's own rules, with every mistake at its place."""


@extend_schema_field(ConditionInput(many=True))
class RecheckField(serializers.JSONField):
    """A recheck policy as it was written; read likewise."""


def _words(*, most: int, longest: int, **said: Any) -> serializers.ListField:  # noqa: ANN401 - of the library
    return serializers.ListField(child=serializers.CharField(max_length=longest), max_length=most, **said)


class ExceptionInput(ExactSerializer):
    """An exception that is asked for."""

    type = ChoiceField(choices=choices_of(ExceptionType))
    reason = ChoiceField(choices=choices_of(Reason))
    scope = ScopeField()
    expires_at = serializers.DateTimeField()
    rationale = serializers.CharField(max_length=LONGEST_TEXT, help_text=f"At least {SHORTEST_RATIONALE} characters.")
    effect = ChoiceField(
        choices=choices_of(Effect),
        required=False,
        allow_null=True,
        default=None,
        help_text="Unsaid, the one that type and reason call for; see /exceptions/effects.",
    )
    starts_at = serializers.DateTimeField(required=False, allow_null=True, default=None, help_text="Unsaid: now.")
    controls = _words(most=MOST_CONTROLS, longest=500, required=False, default=list)
    recheck = RecheckField(
        required=False,
        allow_null=True,
        default=None,
        help_text="What makes it void; unsaid, what its kind calls for, see /exceptions/recheck-policies.",
    )
    owner_team = serializers.CharField(
        max_length=100, required=False, allow_blank=True, default="", help_text="Slug of the team that answers for it."
    )
    ticket = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    tags = _words(most=MOST_TAGS, longest=60, required=False, default=list)

    def to_asked(self) -> Asked:
        """Return the request of a validated body; refuses a scope or a recheck policy with every mistake."""
        said, faults = self.validated_data, list[Fault]()
        reason = Reason(said["reason"])
        scope = read_scope(said["scope"], faults=faults)
        conditions = _conditions(said["recheck"], kind=KIND_OF[reason], faults=faults)
        _refuse(faults)
        return Asked(
            type=ExceptionType(said["type"]),
            reason=reason,
            scope=scope,
            expires_at=said["expires_at"],
            rationale=said["rationale"],
            effect=Effect(said["effect"]) if said["effect"] else None,
            starts_at=said["starts_at"],
            controls=tuple(said["controls"]),
            conditions=conditions,
            owner_team=said["owner_team"],
            ticket=said["ticket"],
            tags=tuple(said["tags"]),
        )


class TermsInput(ExactSerializer):
    """Other terms for an exception; what is left out stays as the newest terms say."""

    scope = ScopeField(required=False)
    effect = ChoiceField(choices=choices_of(Effect), required=False)
    expires_at = serializers.DateTimeField(required=False)
    rationale = serializers.CharField(max_length=LONGEST_TEXT, required=False)
    controls = _words(most=MOST_CONTROLS, longest=500, required=False)
    recheck = RecheckField(required=False)
    ticket = serializers.CharField(max_length=200, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """Refuse to change nothing."""
        if not attrs:
            raise serializers.ValidationError(f"say what is to change: {', '.join(self.fields)}", code="empty")
        return attrs

    def to_change(self, exception: PolicyException) -> TermsChange:
        """Return the change of a validated body."""
        said, faults = self.validated_data, list[Fault]()
        scope = _scope(said.get("scope"), faults=faults)
        conditions = _conditions(said.get("recheck"), kind=Kind(exception.kind), faults=faults)
        _refuse(faults)
        return TermsChange(
            scope=scope,
            effect=Effect(said["effect"]) if "effect" in said else None,
            expires_at=said.get("expires_at"),
            rationale=said.get("rationale"),
            controls=tuple(said["controls"]) if "controls" in said else None,
            conditions=conditions,
            ticket=said.get("ticket"),
        )


class CommentInput(ExactSerializer):
    """Why something is done."""

    comment = serializers.CharField(
        max_length=LONGEST_REASON, required=False, allow_blank=True, default="", help_text=_WHY
    )


class VoteInput(CommentInput):
    """A vote over exactly what was looked at."""

    payload_hash = serializers.CharField(max_length=71, help_text="`approval.payload_hash` of what you looked at.")
    on_behalf_of = serializers.CharField(
        max_length=200, required=False, default="", allow_blank=True, help_text="`user:` and who lets you stand in."
    )


class NarrowInput(ExactSerializer):
    """Less than was asked for."""

    scope = ScopeField(required=False)
    expires_at = serializers.DateTimeField(required=False)


class ApprovalInput(VoteInput):
    """A yes, to what was asked for or to less of it."""

    narrow = NarrowInput(required=False, allow_null=True, default=None, help_text="Approve only so much of it.")

    def to_narrowing(self) -> Narrowing | None:
        """Return what is left of the request, None where all of it."""
        less = self.validated_data["narrow"]
        if less is None:
            return None
        faults = list[Fault]()
        scope = _scope(less.get("scope"), faults=faults, pointer="/narrow/scope")
        _refuse(faults)
        return Narrowing(scope=scope, expires_at=less.get("expires_at"))


class ExtensionInput(ExactSerializer):
    """A later end."""

    expires_at = serializers.DateTimeField()
    rationale = serializers.CharField(max_length=LONGEST_TEXT, help_text=f"At least {SHORTEST_RATIONALE} characters.")


def _scope(stated: Any, *, faults: list[Fault], pointer: str = "/scope") -> Scope | None:  # noqa: ANN401 - any JSON
    return None if stated is None else read_scope(stated, faults=faults, pointer=pointer)


def _conditions(stated: Any, *, kind: Kind, faults: list[Fault]) -> tuple[Condition, ...] | None:  # noqa: ANN401 - JSON
    return None if stated is None else read_conditions(stated, kind=kind, faults=faults)


def _refuse(faults: list[Fault]) -> None:
    if faults:
        raise ExceptionInvalid(
            f"{counted(len(faults), 'mistake')}; the first: {faults[0].message}", faults=tuple(faults)
        )
