"""Packs over HTTP: read, compile, format, test, and draft revisions."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.response import Response

from policies.api.filters import RevisionFilter
from policies.errors import PackDoesNotCompile, PackUnknown
from policies.language.compilation import run_tests
from policies.language.facts import CATALOGUE
from policies.language.source import Source
from policies.models import PackRevision, PolicyPack
from policies.selectors import pack_named, revision_of
from policies.services.packs import PackFile, compiled, draft_revision, formatted
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now

MAX_FILES = 100
MAX_SOURCE = 256 * 1024


class PackFileInput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """One `.stella` file."""

    path = serializers.CharField(max_length=255)
    text = serializers.CharField(trim_whitespace=False, max_length=2 * MAX_SOURCE, allow_blank=True)


class PackFilesInput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """The files of a pack."""

    files = serializers.ListField(child=PackFileInput(), min_length=1, max_length=MAX_FILES)


class PackOutput(serializers.ModelSerializer[PolicyPack]):
    """A pack."""

    class Meta:
        model = PolicyPack
        fields = ["name", "title", "created_at"]


class RevisionOutput(serializers.ModelSerializer[PackRevision]):
    """A revision without its program."""

    class Meta:
        model = PackRevision
        fields = ["version", "state", "digest", "warnings", "tests", "sources", "author", "created_at"]


class CompiledOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """A compiled program."""

    digest = serializers.CharField()
    warnings = serializers.ListField(child=serializers.DictField())
    program = serializers.DictField()
    reads = serializers.ListField(child=serializers.CharField())


class FormattedOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """The files in their one format."""

    files = PackFileInput(many=True)


class FactOutput(serializers.Serializer[Any]):  # Any: made by hand, never from a row
    """One fact a policy may read."""

    path = serializers.CharField()
    type = serializers.CharField()
    group = serializers.CharField()
    description = serializers.CharField()
    example = serializers.JSONField()


def _files(request: ActorRequest) -> list[PackFile]:
    body = PackFilesInput(data=request.data)
    body.is_valid(raise_exception=True)
    return [PackFile(file["path"], file["text"]) for file in body.validated_data["files"]]


def _sources(request: ActorRequest) -> list[Source]:
    return [Source(name=file.path, text=file.text) for file in _files(request)]


class PacksView(ScopedView):
    """The packs of the tenant."""

    required_scopes: ClassVar = {"GET": "policy:read"}
    page_order = ("name",)
    serializer_class = PackOutput

    def get(self, _request: ActorRequest) -> Response:
        """List packs."""
        return self.page(PolicyPack.objects.all())


class RevisionsView(ScopedView):
    """The revisions of a pack."""

    required_scopes: ClassVar = {"GET": "policy:read", "POST": "policy:author"}
    refusals: ClassVar = {"GET": (PackUnknown,), "POST": (PackDoesNotCompile,)}
    page_order = ("-version",)
    filterset_class = RevisionFilter
    serializer_class = RevisionOutput
    max_body_bytes = 4 * 1024 * 1024

    @extend_schema(operation_id="packs_revisions_list")
    def get(self, _request: ActorRequest, name: str) -> Response:
        """List the revisions of a pack, newest first."""
        return self.page(PackRevision.objects.filter(pack=pack_named(name)).defer("program"))

    @extend_schema(operation_id="packs_revisions_draft", request=PackFilesInput, responses={201: RevisionOutput})
    def post(self, request: ActorRequest, name: str) -> Response:
        """Compile files and keep them as a new draft; what does not compile is refused, with every place."""
        revision = draft_revision(actor=request.actor, pack=name, files=_files(request), at=now())
        return Response(RevisionOutput(revision).data, status=status.HTTP_201_CREATED)


class RevisionView(ScopedView):
    """One revision of a pack."""

    required_scopes: ClassVar = {"GET": "policy:read"}
    refusals: ClassVar = {"GET": (PackUnknown,)}
    tagged = frozenset({"GET"})
    serializer_class = RevisionOutput

    @extend_schema(operation_id="packs_revisions_retrieve")
    def get(self, _request: ActorRequest, name: str, version: int) -> Response:
        """Return a revision."""
        answer = RevisionOutput(revision_of(name, version)).data
        self.etag(answer)
        return Response(answer)


class CompileView(ScopedView):
    """Compiles without keeping."""

    required_scopes: ClassVar = {"POST": "policy:read"}
    refusals: ClassVar = {"POST": (PackDoesNotCompile,)}
    serializer_class = PackFilesInput
    max_body_bytes = 4 * 1024 * 1024

    @extend_schema(operation_id="packs_compile", request=PackFilesInput, responses={200: CompiledOutput})
    def post(self, request: ActorRequest) -> Response:
        """Return the canonical program and its digest, or every mistake with its place."""
        result, program = compiled(_sources(request))
        return Response(
            {
                "digest": program.digest,
                "warnings": [diagnostic.to_json() for diagnostic in result.diagnostics],
                "program": program.canonical,
                "reads": sorted(program.reads),
            }
        )


class FormatView(ScopedView):
    """Formats without keeping."""

    required_scopes: ClassVar = {"POST": "policy:read"}
    refusals: ClassVar = {"POST": (PackDoesNotCompile,)}
    serializer_class = PackFilesInput
    max_body_bytes = 4 * 1024 * 1024

    @extend_schema(operation_id="packs_format", request=PackFilesInput, responses={200: FormattedOutput})
    def post(self, request: ActorRequest) -> Response:
        """Return the files in their one format."""
        return Response({"files": [{"path": file.path, "text": file.text} for file in formatted(_files(request))]})


class TestView(ScopedView):
    """Runs the tests inside the files."""

    required_scopes: ClassVar = {"POST": "policy:read"}
    refusals: ClassVar = {"POST": (PackDoesNotCompile,)}
    serializer_class = PackFilesInput
    max_body_bytes = 4 * 1024 * 1024

    @extend_schema(operation_id="packs_test", request=PackFilesInput, responses={200: dict})
    def post(self, request: ActorRequest) -> Response:
        """Return each test's outcome and what the tests cover."""
        result, _ = compiled(_sources(request))
        return Response(run_tests(result).to_json())


class FactsView(ScopedView):
    """The catalogue of facts."""

    required_scopes: ClassVar = {"GET": "policy:read"}
    pagination_class = None  # type: ignore[assignment]  # the whole catalogue is one answer
    filter_backends = []
    serializer_class = FactOutput

    @extend_schema(operation_id="facts_list", responses={200: FactOutput(many=True)})
    def get(self, _request: ActorRequest) -> Response:
        """Return every fact a policy may read."""
        return Response(FactOutput(list(CATALOGUE.values()), many=True).data)
