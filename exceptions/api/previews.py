"""What would flip, over HTTP: for an exception there is, and for one that nobody has asked for yet."""

from datetime import datetime
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response

from exceptions import errors
from exceptions.api.inputs import ExactSerializer, ExceptionInput
from exceptions.api.outputs import ConditionOutput, ScopeOutput, SeatStandingOutput, SeenOutput, StepOutput
from exceptions.api.today import OverlapsOutput, counts_of
from exceptions.matching.standing import StandingException
from exceptions.models.choices import choices_of
from exceptions.ports import Previewed
from exceptions.rules.vocabulary import Effect, Kind, Level
from exceptions.selectors import exception_of, visible
from exceptions.selectors.overlaps import Overlaps, overlaps_of
from exceptions.selectors.previews import When, preview_of
from exceptions.selectors.seating import seats_of
from exceptions.services.looking import Looked, candidate_of, look_first
from stellapolicy.access.roles import Scope
from stellapolicy.api.choices import ChoiceField
from stellapolicy.api.throttling import Limit
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.clock import now


class FlippedArtifactOutput(serializers.Serializer[Any]):  # Any: a CoveredArtifact
    """An artifact that is decided about."""

    digest = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    service = serializers.CharField(allow_blank=True)


class FlipOutput(serializers.Serializer[Any]):  # Any: a Flip
    """One artifact before one gate: how it is decided today, and how it would be."""

    gate = serializers.CharField()
    environment = serializers.CharField()
    artifact = FlippedArtifactOutput()
    before = serializers.CharField()
    after = serializers.CharField()
    raw = serializers.CharField(help_text="Without any exception.")
    blocked_by_before = serializers.CharField(allow_blank=True)
    blocked_by_after = serializers.CharField(allow_blank=True)
    changed_findings = serializers.IntegerField()
    flips = serializers.BooleanField(source="is_flip", help_text="Whether the decision itself would change.")
    first_reason = serializers.CharField(allow_blank=True)


class SampleOutput(serializers.Serializer[Any]):  # Any: a ChangedFinding
    """A finding whose result would change."""

    artifact = serializers.CharField(help_text="Digest.")
    environment = serializers.CharField()
    key = serializers.CharField()
    identifier = serializers.CharField()
    purl = serializers.CharField(allow_blank=True)
    before = serializers.CharField()
    after = serializers.CharField()


class PreviewedOutput(serializers.Serializer[Any]):  # Any: a Previewed
    """What becomes of releases: those whose decision changes first."""

    targets = serializers.IntegerField(help_text="Artifacts before gates that were decided again.")
    flipping = serializers.IntegerField(help_text="Of these, how many decisions would change.")
    complete = serializers.BooleanField(help_text="False where more was affected than looked at.")
    flips = FlipOutput(many=True)
    samples = SampleOutput(many=True, help_text="Some findings whose result would change.")


class PreviewOutput(PreviewedOutput):
    """The answer to what would flip."""

    number = serializers.CharField()
    when = serializers.ChoiceField(choices=choices_of(When))
    at = serializers.DateTimeField()
    overlaps = OverlapsOutput(help_text="With `when=approved`: what else covers the same findings, and which wins.")


class PreviewQuery(ExactSerializer):
    """What is supposed."""

    when = ChoiceField(
        choices=choices_of(When),
        required=False,
        help_text="`approved`: the terms that wait hold now; `expired`: what is in force ends now. Unsaid, whichever "
        "question is open.",
    )


class CoveredOutput(serializers.Serializer[Any]):  # Any: made by hand
    """How much is covered now."""

    findings = serializers.IntegerField()
    artifacts = serializers.IntegerField()
    services = serializers.IntegerField()
    unknowns = serializers.IntegerField(help_text="Findings of a severity nobody states.")
    complete = serializers.BooleanField()


class ObjectionOutput(serializers.Serializer[Any]):  # Any: a Refusal
    """What asking for it would be refused with."""

    code = serializers.CharField()
    status = serializers.IntegerField()
    title = serializers.CharField()
    detail = serializers.CharField()


class LookedOutput(serializers.Serializer[Any]):  # Any: made by hand
    """What a request comes to."""

    kind = serializers.ChoiceField(choices=choices_of(Kind))
    effect = serializers.ChoiceField(choices=choices_of(Effect))
    scope = ScopeOutput()
    scope_in_words = serializers.ListField(child=serializers.CharField())
    level = serializers.ChoiceField(choices=choices_of(Level))
    level_steps = StepOutput(many=True)
    people = serializers.IntegerField(help_text="How many have to agree.")
    seats = SeatStandingOutput(many=True)
    hooks = serializers.ListField(
        child=serializers.ListField(child=serializers.CharField()), help_text="Of each group one has to be shown."
    )
    needs_ticket = serializers.BooleanField()
    needs_signed_evidence = serializers.BooleanField()
    starts_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    latest_end = serializers.DateTimeField(help_text="How long it may last at this level and with this effect.")
    recheck = ConditionOutput(many=True)
    covered = CoveredOutput()
    seen = SeenOutput(many=True, help_text="The fact snapshot that would be kept.")
    objections = ObjectionOutput(many=True, help_text="None: it could be asked for like this.")
    preview = PreviewedOutput()
    overlaps = OverlapsOutput()


class PreviewView(ScopedView):
    """What would flip."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ}
    refusals: ClassVar = {"GET": (errors.ExceptionNotFound, errors.NothingPending)}
    throttle = Limit.HEAVY

    @extend_schema(operation_id="exceptions_preview", parameters=[PreviewQuery], responses=PreviewOutput)
    def get(self, request: ActorRequest, reference: str) -> Response:
        """Say what would flip, per gate, if it were approved or ended now: by deciding again, without writing."""
        query = PreviewQuery(data=request.query_params)
        query.is_valid(raise_exception=True)
        exception, at = exception_of(request.actor, reference), now()
        stated = query.validated_data.get("when")
        found = preview_of(exception, actor=request.actor, when=When(stated) if stated else None, at=at)
        answer = {
            **_told(found.previewed),
            "number": exception.number,
            "when": found.when,
            "at": at,
            "overlaps": _overlaps(found.candidate, request.actor, at=at),
        }
        return Response(PreviewOutput(answer).data)


class LookView(ScopedView):
    """A request that nobody makes yet."""

    required_scopes: ClassVar = {"POST": Scope.EXCEPTION_WRITE}
    refusals: ClassVar = {"POST": (errors.ExceptionInvalid, errors.TooBroad)}
    throttle = Limit.HEAVY

    @extend_schema(operation_id="exceptions_look", request=ExceptionInput, responses=LookedOutput)
    def post(self, request: ActorRequest) -> Response:
        """Say what asking for this would take and do: level, seats, what is covered, what flips; nothing is written.

        What would be refused at its level (too long, no ticket, covered already) is told as an objection.
        """
        asked = ExceptionInput(data=request.data)
        asked.is_valid(raise_exception=True)
        at = now()
        looked = look_first(actor=request.actor, asked=asked.to_asked(), at=at)
        return Response(LookedOutput(_looked(looked, request.actor, at=at)).data)


def _looked(looked: Looked, actor: Actor, *, at: datetime) -> dict[str, Any]:  # Any: what the serializer reads
    drafted = looked.drafted
    asked = drafted.asked
    return {
        "kind": drafted.kind,
        "effect": drafted.effect,
        "scope": asked.scope.to_json(),
        "scope_in_words": asked.scope.in_words(),
        "level": drafted.judged.level,
        "level_steps": drafted.judged.steps,
        "people": looked.seats.count,
        "seats": seats_of(looked.seats),
        "hooks": [[kind.value for kind in group] for group in looked.hooks],
        "needs_ticket": drafted.rule.needs_ticket,
        "needs_signed_evidence": drafted.rule.needs_signed_evidence,
        "starts_at": drafted.starts_at,
        "expires_at": asked.expires_at,
        "latest_end": looked.latest,
        "recheck": [one.to_json() for one in drafted.conditions],
        "covered": counts_of(drafted.coverage),
        "seen": [row.to_json() for row in drafted.seen],
        "objections": looked.refusals,
        "preview": _told(looked.previewed),
        "overlaps": _overlaps(candidate_of(drafted, at=at), actor, at=at),
    }


def _told(found: Previewed) -> dict[str, Any]:  # Any: what the serializer reads
    return {
        "targets": found.targets,
        "flipping": found.flipping,
        "complete": found.complete,
        "flips": found.flips,
        "samples": found.samples,
    }


def _overlaps(candidate: StandingException | None, actor: Actor, *, at: datetime) -> Overlaps:
    return Overlaps() if candidate is None else overlaps_of(candidate, among=visible(actor), at=at)
