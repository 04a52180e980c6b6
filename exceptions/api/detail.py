"""One exception, whole: its terms, the decision, its evidence, and what you may do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from exceptions.api.outputs import ApprovalHereOutput, ExceptionRowOutput, TermsOutput
from exceptions.models import ExceptionAttestation, ExceptionTerms, PolicyException
from exceptions.models.choices import choices_of
from exceptions.rules.hooks import HookKind, HookReport, HookState, judge_hooks, mandatory_hooks, signed_evidence_met
from exceptions.rules.level_table import LevelRule, longest
from exceptions.rules.vocabulary import LEGAL_STEPS, Effect, ExceptionType, Kind, Level, Reason
from exceptions.selectors import exception_of, first_start, level_rule, levels, request_for
from exceptions.selectors.offers import Act, Onlooker, Situation, obstacle_to, onlooker
from exceptions.selectors.seating import SeatStanding, seats_of
from exceptions.services.drafting import effects
from exceptions.services.hooks import submitted_to
from stellapolicy.governance.models import ApprovalRequest
from stellapolicy.governance.voting import Possibility, obstacle
from stellapolicy.kernel.actor import Actor

MOST_COUNTED: Final = 10_000
# What is done by one call each, as the address says it.
_VERBS: Final[Mapping[Act, str]] = {
    Act.APPROVE: "approve",
    Act.REJECT: "reject",
    Act.REQUEST_CHANGES: "request-changes",
    Act.RESUBMIT: "resubmit",
    Act.WITHDRAW: "withdraw",
    Act.REVOKE: "revoke",
    Act.EXTEND: "extend",
    Act.CHANGE: "change",
    Act.RECHECK: "recheck",
    Act.ATTACH: "attach-evidence",
    Act.SAY: "say",
}


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything that is told of one exception to one reader, as of an instant."""

    exception: PolicyException
    who: Onlooker
    request: ApprovalRequest | None
    seats: tuple[SeatStanding, ...]
    hooks: tuple[HookReport, ...]
    signed_evidence: str
    latest_end: datetime
    applications: int
    is_signed: bool

    @property
    def at(self) -> datetime:
        """The instant as of which everything is told."""
        return self.who.at

    @property
    def offers(self) -> list[dict[str, str | bool]]:
        """What the reader may do, each with why not."""
        seen = Situation(self.exception, self.request, self.who)
        said = {verb: obstacle_to(act, seen) for act, verb in _VERBS.items()}
        return [{"verb": verb, "may": not why, "why_not": why} for verb, why in said.items()]

    @property
    def possible(self) -> tuple[Possibility, ...]:
        """The votes the reader could cast now."""
        return Situation(self.exception, self.request, self.who).votes()

    @property
    def obstacle(self) -> str:
        """Why the reader cannot approve in their own name."""
        if self.request is None:
            return ""
        return obstacle(self.who.voter, self.request, self.request.ballots(), at=self.at)


class HookOutput(serializers.Serializer[Any]):  # Any: a HookReport
    """How one evidence hook stands, by the best evidence there is."""

    kind = serializers.ChoiceField(choices=choices_of(HookKind))
    title = serializers.CharField(source="name")
    mandatory = serializers.BooleanField()
    state = serializers.ChoiceField(choices=choices_of(HookState))
    why = serializers.CharField()
    evidence = serializers.CharField(allow_blank=True, help_text="The id of that evidence; empty without any.")
    one_of = serializers.ListField(child=serializers.CharField(), source="group", help_text="One of these is enough.")


class OfferOutput(serializers.Serializer[Any]):  # Any: made by hand
    """Something that can be done, and why you cannot."""

    verb = serializers.CharField(help_text="As in `/exceptions/{reference}:verb`; `change` is PATCH, `say` the thread.")
    may = serializers.BooleanField()
    why_not = serializers.CharField(allow_blank=True)


class ExceptionOutput(ExceptionRowOutput):
    """An exception, whole."""

    legal_steps = serializers.SerializerMethodField(help_text="The states it may move to; none once it has ended.")
    latest_end = serializers.SerializerMethodField(
        help_text="How long it may last at its level and with its effect, counted from its first start."
    )
    warned_of = serializers.ListField(child=serializers.CharField())
    terms = serializers.SerializerMethodField(help_text="The terms in force; null before any were approved.")
    pending_terms = serializers.SerializerMethodField(help_text="The newest terms where they are not in force.")
    approval = serializers.SerializerMethodField(help_text="The newest decision on its newest terms.")
    hooks = serializers.SerializerMethodField(help_text="The evidence its level asks for, and any other there is.")
    signed_evidence = serializers.SerializerMethodField(
        help_text="Whether evidence with a signature that verifies is needed, and there."
    )
    offers = serializers.SerializerMethodField(help_text="What you may do now, and why not.")
    applications = serializers.SerializerMethodField(
        help_text=f"How often it changed a verdict; no more than {MOST_COUNTED + 1} are counted."
    )
    attestation = serializers.SerializerMethodField(help_text="Where the signed approval is; null where none is.")

    class Meta(ExceptionRowOutput.Meta):
        fields = (
            *ExceptionRowOutput.Meta.fields,
            "legal_steps",
            "approved_at",
            "first_approved_at",
            "latest_end",
            "warned_of",
            "owner_asked_at",
            "closed_because",
            "terms",
            "pending_terms",
            "approval",
            "hooks",
            "signed_evidence",
            "offers",
            "applications",
            "attestation",
        )
        read_only_fields = fields

    @property
    def _sheet(self) -> Sheet:
        sheet: Sheet = self.context["sheet"]
        return sheet

    def get_legal_steps(self, exception: PolicyException) -> list[str]:
        """Return the legal steps from where it stands."""
        return [step.value for step in LEGAL_STEPS.get(exception.standing(at=self._at), ())]

    def get_latest_end(self, _exception: PolicyException) -> datetime:
        """Return the latest end that could be asked for."""
        return self._sheet.latest_end

    @extend_schema_field(TermsOutput(allow_null=True))
    def get_terms(self, exception: PolicyException) -> Any:  # noqa: ANN401 - rendered rows
        """Return the terms in force."""
        return None if exception.terms is None else TermsOutput(exception.terms).data

    @extend_schema_field(TermsOutput(allow_null=True))
    def get_pending_terms(self, exception: PolicyException) -> Any:  # noqa: ANN401 - rendered rows
        """Return newer terms."""
        is_newer = exception.asked is not None and exception.asked_id != exception.terms_id
        return TermsOutput(exception.asked).data if is_newer else None

    @extend_schema_field(ApprovalHereOutput(allow_null=True))
    def get_approval(self, _exception: PolicyException) -> Any:  # noqa: ANN401 - rendered rows
        """Return the decision."""
        sheet = self._sheet
        if sheet.request is None:
            return None
        here = {"at": sheet.at, "seats": sheet.seats, "possible": sheet.possible, "obstacle": sheet.obstacle}
        return ApprovalHereOutput(sheet.request, context=here).data

    @extend_schema_field(HookOutput(many=True))
    def get_hooks(self, _exception: PolicyException) -> Any:  # noqa: ANN401 - rendered rows
        """Return the hooks."""
        return HookOutput(self._sheet.hooks, many=True).data

    @extend_schema_field(serializers.ChoiceField(choices=["not_needed", "missing", "met"]))
    def get_signed_evidence(self, _exception: PolicyException) -> str:
        """Return whether signed evidence is there."""
        return self._sheet.signed_evidence

    @extend_schema_field(OfferOutput(many=True))
    def get_offers(self, _exception: PolicyException) -> Any:  # noqa: ANN401 - rendered rows
        """Return what the reader may do."""
        return self._sheet.offers

    def get_applications(self, _exception: PolicyException) -> int:
        """Return how often it was applied."""
        return self._sheet.applications

    def get_attestation(self, exception: PolicyException) -> str | None:
        """Return the address of the envelope."""
        return f"{address_of(exception)}/attestation" if self._sheet.is_signed else None


def address_of(exception: PolicyException) -> str:
    """Return where an exception is."""
    return f"/api/v1/exceptions/{exception.number}"


def told(exception: PolicyException, actor: Actor, *, at: datetime) -> dict[str, Any]:  # Any: JSON
    """Return an exception as it is told to whoever asks; a number of reads that does not grow with it."""
    found = exception_of(actor, exception.pk)
    sheet = _sheet_of(found, actor, at=at)
    context = {
        "at": at,
        "sheet": sheet,
        "requests": {found.asked_id: sheet.request} if sheet.request is not None else {},
        "voter": sheet.who.voter,
    }
    return dict(ExceptionOutput(found, context=context).data)


def _sheet_of(exception: PolicyException, actor: Actor, *, at: datetime) -> Sheet:
    newest = exception.asked or exception.terms
    if newest is None:
        raise ValueError(f"{exception.number} has no terms")
    request = request_for(newest)
    rule = level_rule(Level(newest.level), levels())
    submitted = submitted_to(exception)
    is_met = signed_evidence_met(submitted, at=at)
    return Sheet(
        exception=exception,
        who=onlooker(actor, at=at),
        request=request,
        seats=seats_of(request.quorum_rule(), request.judged(at=at)) if request is not None else (),
        hooks=judge_hooks(mandatory_hooks(Reason(exception.reason), rule), submitted, at=at),
        signed_evidence="not_needed" if not rule.needs_signed_evidence else "met" if is_met else "missing",
        latest_end=first_start(exception) + _longest(exception, newest, rule),
        applications=exception.applications.all()[: MOST_COUNTED + 1].count(),
        is_signed=ExceptionAttestation.objects.filter(terms=exception.terms_id).exists(),
    )


def _longest(exception: PolicyException, terms: ExceptionTerms, rule: LevelRule) -> timedelta:
    entry = effects()[ExceptionType(exception.type), Reason(exception.reason)]
    effect = Effect(terms.effect)
    return min(longest(rule, Kind(exception.kind), effect), entry.longest_for(effect))
