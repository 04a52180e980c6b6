"""What happened to an exception, which verdicts it changed, which terms it had, and what was said about it."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.response import Response

from exceptions import errors
from exceptions.api.filters import ApplicationFilter
from exceptions.api.inputs import LONGEST_TEXT, ExactSerializer
from exceptions.api.outputs import DecisionOutput, TermsOutput
from exceptions.models import ExceptionApplication, ExceptionComment, ExceptionEvent, ExceptionTerms
from exceptions.models.story import CommentKind
from exceptions.selectors import exception_of, readable_versions, requests_for
from exceptions.services.story import RECORDED
from exceptions.services.thread import say
from stellapolicy.access.roles import Scope
from stellapolicy.api.choices import ChoiceField
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now


class ExceptionEventOutput(serializers.ModelSerializer[ExceptionEvent]):
    """One thing that happened; `audit_seq` is its entry of the audit chain."""

    title = serializers.SerializerMethodField(help_text="The event in words.")
    details = serializers.JSONField()

    class Meta:
        model = ExceptionEvent
        fields = (
            "sequence",
            "name",
            "title",
            "state",
            "actor",
            "person",
            "reason",
            "details",
            "terms_version",
            "audit_seq",
            "at",
        )
        read_only_fields = fields

    def get_title(self, event: ExceptionEvent) -> str:
        """Return the event in words."""
        return RECORDED.get(event.name, event.name)


class ApplicationOutput(serializers.ModelSerializer[ExceptionApplication]):
    """One finding of one decision or run whose verdict it changed."""

    terms_version = serializers.IntegerField(source="terms.version")

    class Meta:
        model = ExceptionApplication
        fields = (
            "id",
            "run",
            "artifact_digest",
            "environment",
            "finding",
            "raw_status",
            "status",
            "effect",
            "terms_version",
            "program_digest",
            "at",
        )
        read_only_fields = fields


class VersionOutput(TermsOutput):
    """One version of the terms, and the decision on it."""

    is_in_force = serializers.SerializerMethodField()
    decision = serializers.SerializerMethodField(help_text="How it was decided, and by whom.")

    class Meta(TermsOutput.Meta):
        fields = (*TermsOutput.Meta.fields, "is_in_force", "decision")
        read_only_fields = fields

    def get_is_in_force(self, terms: ExceptionTerms) -> bool:
        """Return whether these are the terms that count."""
        return bool(terms.pk == terms.exception.terms_id)

    @extend_schema_field(DecisionOutput(allow_null=True))
    def get_decision(self, terms: ExceptionTerms) -> Any:  # noqa: ANN401 - rendered rows
        """Return the newest decision on it."""
        request = self.context["requests"].get(terms.pk)
        return None if request is None else DecisionOutput(request, context=self.context).data


class CommentOutput(serializers.ModelSerializer[ExceptionComment]):
    """A line of the thread."""

    class Meta:
        model = ExceptionComment
        fields = ("id", "kind", "author", "person", "text", "at")
        read_only_fields = fields


class ThreadInput(ExactSerializer):
    """A line for the thread."""

    text = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True)
    kind = ChoiceField(
        choices=CommentKind.choices,
        required=False,
        default=CommentKind.COMMENT,
        help_text="A question waits for an answer of whoever asked for the exception.",
    )


class EventsView(ScopedView):
    """The history of an exception."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ}
    refusals: ClassVar = {"GET": (errors.ExceptionNotFound,)}
    page_order = ("sequence",)
    serializer_class = ExceptionEventOutput

    @extend_schema(operation_id="exceptions_events", responses=ExceptionEventOutput(many=True))
    def get(self, request: ActorRequest, reference: str) -> Response:
        """List everything that happened to it, in order."""
        exception = exception_of(request.actor, reference)
        return self.page(ExceptionEvent.objects.filter(exception=exception))


class ApplicationsView(ScopedView):
    """The verdicts that an exception changed."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ}
    refusals: ClassVar = {"GET": (errors.ExceptionNotFound,)}
    page_order = ("-at", "-id")
    serializer_class = ApplicationOutput
    filterset_class = ApplicationFilter

    @extend_schema(operation_id="exceptions_applications", responses=ApplicationOutput(many=True))
    def get(self, request: ActorRequest, reference: str) -> Response:
        """List each time it changed a verdict, the newest first: as it was judged, and as it counted then."""
        exception = exception_of(request.actor, reference)
        return self.page(ExceptionApplication.objects.filter(exception=exception).select_related("terms"))


class VersionsView(ScopedView):
    """The terms an exception has and had."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ}
    refusals: ClassVar = {"GET": (errors.ExceptionNotFound,)}
    page_order = ("-version",)
    serializer_class = VersionOutput

    def get_serializer(self, rows: Sequence[ExceptionTerms] = (), **said: Any) -> Any:  # noqa: ANN401 - DRF's signature
        """Return the serializer of a page."""
        requests = requests_for([row.pk for row in rows]) if rows else {}
        return VersionOutput(rows, context={"at": now(), "requests": requests}, **said)

    @extend_schema(operation_id="exceptions_versions", responses=VersionOutput(many=True))
    def get(self, request: ActorRequest, reference: str) -> Response:
        """List the versions of its terms, the newest first, each with how it was decided.

        Whoever reads some services alone is not shown what was proposed beyond them and came to nothing.
        """
        exception = exception_of(request.actor, reference)
        return self.page(readable_versions(exception, request.actor).select_related("exception"))


class ThreadView(ScopedView):
    """The discussion of an exception."""

    required_scopes: ClassVar = {"GET": Scope.EXCEPTION_READ, "POST": Scope.EXCEPTION_READ}
    refusals: ClassVar = {
        "GET": (errors.ExceptionNotFound,),
        "POST": (errors.ExceptionNotFound, errors.CommentMissing),
    }
    page_order = ("at", "id")
    serializer_class = CommentOutput

    @extend_schema(operation_id="exceptions_thread", responses=CommentOutput(many=True))
    def get(self, request: ActorRequest, reference: str) -> Response:
        """List what was said, in order."""
        exception = exception_of(request.actor, reference)
        return self.page(ExceptionComment.objects.filter(exception=exception))

    @extend_schema(operation_id="exceptions_thread_say", request=ThreadInput, responses={201: CommentOutput})
    def post(self, request: ActorRequest, reference: str) -> Response:
        """Add a line, as anybody may who may read it; a line never changes."""
        asked = ThreadInput(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        line = say(
            actor=request.actor,
            pk=exception_of(request.actor, reference).pk,
            text=said["text"],
            kind=CommentKind(said["kind"]),
            at=now(),
        )
        return Response(CommentOutput(line).data, status=HTTPStatus.CREATED)
