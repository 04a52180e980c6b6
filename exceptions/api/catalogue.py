"""What exceptions can say, over HTTP: what each type and reason do, and what may make one void."""

from datetime import timedelta
from typing import Any, ClassVar, Final

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from exceptions.api.outputs import ConditionOutput
from exceptions.models.choices import choices_of
from exceptions.rules.conditions import (
    ABOUT_THE_ESTATE,
    ABSOLUTE,
    THRESHOLDS,
    Action,
    ConditionKind,
    default_conditions,
)
from exceptions.rules.effects import LONGEST, EffectEntry, Routing
from exceptions.rules.recheck import GRACE
from exceptions.rules.vocabulary import KIND_OF, Effect, ExceptionType, Kind, Reason
from exceptions.services.drafting import effects
from stellapolicy.access.roles import Scope
from stellapolicy.api.views import ActorRequest, ScopedView

# Of the terms whose defaults are shown: only the notice before the end depends on it.
_TERM: Final = timedelta(days=30)
_DOES: Final = {
    Action.WARN: "the owner is told",
    Action.REQUIRE_REAPPROVAL: "it must be approved anew, and goes on applying for a grace",
    Action.REVOKE: "it ends",
    Action.BLOCK: "it must be approved anew, stops applying, and what it covers is held back until then",
}


class LongestOutput(serializers.Serializer[Any]):  # Any: made by hand
    """How long one of the effects may last, whatever the level allows."""

    effect = serializers.ChoiceField(choices=choices_of(Effect))
    longest_days = serializers.IntegerField()


class EffectOutput(serializers.Serializer[Any]):  # Any: made by hand
    """What one pair of type and reason does."""

    type = serializers.ChoiceField(choices=choices_of(ExceptionType))
    reason = serializers.ChoiceField(choices=choices_of(Reason))
    kind = serializers.ChoiceField(choices=choices_of(Kind))
    effect = serializers.ChoiceField(choices=choices_of(Effect))
    longest_days = serializers.IntegerField()
    alternatives = LongestOutput(many=True, help_text="Effects that may be asked for in its place.")
    routing = serializers.ChoiceField(
        choices=choices_of(Routing), allow_blank=True, help_text="Who follows it up; empty: nobody."
    )


class EffectsOutput(serializers.Serializer[Any]):  # Any: made by hand
    """The registry of effects, as this installation has it."""

    effects = EffectOutput(many=True, help_text="One for each of the forty pairs of type and reason.")
    longest = LongestOutput(many=True, help_text="How long each effect may last at all.")


class EffectsView(ScopedView):
    """The registry of effects."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ}
    pagination_class = None  # type: ignore[assignment]  # one answer

    @extend_schema(operation_id="exceptions_effects", responses=EffectsOutput)
    def get(self, request: ActorRequest) -> Response:  # noqa: ARG002 - the framework's signature
        """Return what each pair of type and reason does, for how long at most, and who follows it up."""
        answer = {
            "effects": [_entry(one) for one in effects().values()],
            "longest": [{"effect": effect, "longest_days": most.days} for effect, most in LONGEST.items()],
        }
        return Response(EffectsOutput(answer).data)


class ThresholdOutput(serializers.Serializer[Any]):  # Any: a Threshold
    """What number a condition takes."""

    words = serializers.CharField()
    low = serializers.CharField()
    high = serializers.CharField()
    places = serializers.IntegerField(help_text="Decimals, at most.")
    usual = serializers.CharField(allow_blank=True, help_text="What holds where none is stated; empty: state one.")


class ConditionKindOutput(serializers.Serializer[Any]):  # Any: made by hand
    """One kind of condition."""

    kind = serializers.ChoiceField(choices=choices_of(ConditionKind))
    is_absolute = serializers.BooleanField(
        help_text="True: it asks what is, and may not be true already at approval; false: what got worse since."
    )
    about = serializers.ChoiceField(choices=["finding", "estate"], help_text="A fact of findings, or counts and dates.")
    threshold = ThresholdOutput(allow_null=True)


class ActionOutput(serializers.Serializer[Any]):  # Any: made by hand
    """What a fired condition asks for; the strongest of several wins."""

    action = serializers.ChoiceField(choices=choices_of(Action))
    rank = serializers.IntegerField()
    does = serializers.CharField()


class DefaultsOutput(serializers.Serializer[Any]):  # Any: made by hand
    """The recheck policy of an exception whose author chose none."""

    reason = serializers.ChoiceField(choices=choices_of(Reason))
    kind = serializers.ChoiceField(choices=choices_of(Kind))
    recheck = ConditionOutput(many=True)


class RecheckPoliciesOutput(serializers.Serializer[Any]):  # Any: made by hand
    """What may make an exception void."""

    conditions = ConditionKindOutput(many=True)
    actions = ActionOutput(many=True, help_text="The weakest first.")
    grace_hours = serializers.IntegerField(
        help_text="How long one goes on applying that must be approved anew; not at all after a listing as exploited, "
        "a severity risen to critical, or a path found to the code."
    )
    defaults = DefaultsOutput(
        many=True, help_text="For a term of 30 days; the notice is a fifth of it, a week at most."
    )


class RecheckPoliciesView(ScopedView):
    """The kinds of conditions."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ}
    pagination_class = None  # type: ignore[assignment]  # one answer

    @extend_schema(operation_id="exceptions_recheck_policies", responses=RecheckPoliciesOutput)
    def get(self, request: ActorRequest) -> Response:  # noqa: ARG002 - the framework's signature
        """Return every kind of condition, every action, and what holds for each reason where nobody chose."""
        answer = {
            "conditions": [_kind(one) for one in ConditionKind],
            "actions": [{"action": one, "rank": one.rank, "does": _DOES[one]} for one in Action],
            "grace_hours": GRACE // timedelta(hours=1),
            "defaults": [_defaults(one) for one in Reason],
        }
        return Response(RecheckPoliciesOutput(answer).data)


def _entry(entry: EffectEntry) -> dict[str, Any]:  # Any: what the serializer reads
    return {
        "type": entry.type,
        "reason": entry.reason,
        "kind": entry.kind,
        "effect": entry.effect,
        "longest_days": entry.longest_for(entry.effect).days,
        "alternatives": [
            {"effect": effect, "longest_days": entry.longest_for(effect).days} for effect in entry.alternatives
        ],
        "routing": entry.routing,
    }


def _kind(kind: ConditionKind) -> dict[str, Any]:  # Any: what the serializer reads
    taken = THRESHOLDS.get(kind)
    return {
        "kind": kind,
        "is_absolute": kind in ABSOLUTE,
        "about": "estate" if kind in ABOUT_THE_ESTATE else "finding",
        "threshold": taken
        and {
            "words": taken.words,
            "low": f"{taken.low:f}",
            "high": f"{taken.high:f}",
            "places": taken.places,
            "usual": taken.usual,
        },
    }


def _defaults(reason: Reason) -> dict[str, Any]:  # Any: what the serializer reads
    kind = KIND_OF[reason]
    conditions = default_conditions(kind, reason, term=_TERM)
    return {"reason": reason, "kind": kind, "recheck": [one.to_json() for one in conditions]}
