"""What is known today of what an exception covers, beside what its approvers saw, and what else covers it."""

from datetime import datetime
from typing import Any

from rest_framework import serializers

from exceptions.api.inputs import ExactSerializer
from exceptions.api.outputs import SeenOutput
from exceptions.models import ExceptionTerms, PolicyException
from exceptions.models.choices import choices_of
from exceptions.ports import Coverage
from exceptions.rules.conditions import Action, ConditionKind
from exceptions.rules.facts import compare
from exceptions.rules.vocabulary import Effect, ExceptionType
from exceptions.selectors import standing_form, visible
from exceptions.selectors.overlaps import Overlaps, overlaps_of
from exceptions.services.judging import fired_today, look_at
from stellapolicy.api.choices import ChoiceField
from stellapolicy.kernel.actor import Actor


class DetailQuery(ExactSerializer):
    """What may be told beside an exception, at the price of a look at the estate."""

    facts = ChoiceField(
        choices=["today"], required=False, help_text="Adds `today`: what is known now of what it covers."
    )
    overlaps = serializers.BooleanField(
        required=False, default=False, help_text="Adds `overlaps`: what else covers the same findings."
    )


class ChangeOutput(serializers.Serializer[Any]):  # Any: a Change
    """One field that is not what it was."""

    field = serializers.CharField()
    vulnerability = serializers.CharField()
    package = serializers.CharField()
    before = serializers.CharField()
    now = serializers.CharField()
    worse = serializers.BooleanField()


class FiredOutput(serializers.Serializer[Any]):  # Any: a Fired
    """A condition that is true now."""

    kind = serializers.ChoiceField(choices=choices_of(ConditionKind), source="condition.kind.value")
    action = serializers.ChoiceField(choices=choices_of(Action), source="action.value")
    said = serializers.CharField(source="in_words")


class TodayOutput(serializers.Serializer[Any]):  # Any: made by hand
    """What is covered now, and every fact that differs from the snapshot."""

    findings = serializers.IntegerField()
    artifacts = serializers.IntegerField()
    services = serializers.IntegerField()
    unknowns = serializers.IntegerField(help_text="Findings of a severity nobody states.")
    complete = serializers.BooleanField(help_text="False where there was more than is looked at.")
    seen = SeenOutput(many=True)
    changes = ChangeOutput(many=True)
    fired = FiredOutput(many=True, help_text="What its recheck policy would say to this.")


class OverlapOutput(serializers.Serializer[Any]):  # Any: an Overlap
    """Another exception in force that covers some of the same findings."""

    number = serializers.CharField(source="exception.number")
    effect = serializers.ChoiceField(choices=choices_of(Effect), source="exception.effect")
    findings = serializers.IntegerField(help_text="How many both cover today.")
    specificity = serializers.IntegerField()
    shadows = serializers.BooleanField(help_text="True where the other one wins, false where this one does.")
    does_less = serializers.BooleanField(help_text="Whether the winner does less than the other would.")
    said = serializers.CharField(source="in_words")


class OverlapsOutput(serializers.Serializer[Any]):  # Any: an Overlaps
    """What else covers the same findings; of several the most specific wins, then the later approval."""

    found = OverlapOutput(many=True)
    complete = serializers.BooleanField(help_text="False where more was there than looked at.")


def facts_of_today(exception: PolicyException, *, at: datetime) -> dict[str, Any]:  # Any: JSON
    """Return what is known today of what the newest terms cover."""
    terms = newest_terms(exception)
    coverage, around = look_at([(terms, ExceptionType(exception.type))], at=at)[terms.pk]
    found = {
        **counts_of(coverage),
        "seen": [row.to_json() for row in coverage.seen],
        "changes": compare(terms.seen_facts(), coverage.seen),
        "fired": fired_today(terms, coverage, around, at=at),
    }
    return dict(TodayOutput(found).data)


def overlaps_with(exception: PolicyException, actor: Actor, *, at: datetime) -> dict[str, Any]:  # Any: JSON
    """Return which exceptions that the reader may see cover the same findings."""
    terms = exception.terms or newest_terms(exception)
    return overlaps_told(overlaps_of(standing_form(exception, terms), among=visible(actor), at=at))


def overlaps_told(overlaps: Overlaps) -> dict[str, Any]:  # Any: JSON
    """Return overlaps as they are told."""
    return dict(OverlapsOutput(overlaps).data)


def counts_of(coverage: Coverage) -> dict[str, int | bool]:
    """Return how much is covered."""
    return {
        "findings": len(coverage.findings),
        "artifacts": coverage.breadth.artifacts,
        "services": coverage.breadth.services,
        "unknowns": coverage.unknowns,
        "complete": coverage.complete,
    }


def newest_terms(exception: PolicyException) -> ExceptionTerms:
    """Return the terms somebody proposed last."""
    terms = exception.asked or exception.terms
    if terms is None:
        raise ValueError(f"{exception.number} has no terms")
    return terms
