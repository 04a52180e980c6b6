"""The queue over HTTP."""

from typing import ClassVar
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.response import Response

from gates import selectors
from gates.api.serializers import QUESTION_REFUSALS, JobInput, JobOutput
from gates.errors import JobUnknown
from gates.services import jobs
from policies.api.uploads import MAX_BODY_BYTES, PARSERS, body_of
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.kernel.clock import now


class JobsView(ScopedView):
    """Questions for the queue."""

    required_scopes: ClassVar = {"GET": selectors.READ_SCOPE, "POST": "gate:evaluate"}
    refusals: ClassVar = {"POST": QUESTION_REFUSALS}
    page_order = ("-created_at", "-id")
    parser_classes = PARSERS
    max_body_bytes = MAX_BODY_BYTES
    serializer_class = JobOutput

    @extend_schema(operation_id="gates_jobs_list")
    def get(self, request: ActorRequest) -> Response:
        """List the jobs of the tenant, newest first."""
        return self.page(selectors.jobs_of(request.actor))

    @extend_schema(operation_id="gates_jobs_queue", request=JobInput, responses={202: JobOutput})
    def post(self, request: ActorRequest) -> Response:
        """Put a question into the queue; asked again while it waits, it is the same job."""
        body = JobInput(data=body_of(request))
        body.is_valid(raise_exception=True)
        job = jobs.enqueue(actor=request.actor, request=body.to_request(), event=body.validated_data["event"], at=now())
        answer = JobOutput(selectors.job_by_id(request.actor, job.pk)).data
        return Response(answer, status=status.HTTP_202_ACCEPTED, headers={"Location": answer["status_url"]})


class JobView(ScopedView):
    """One job."""

    required_scopes: ClassVar = {"GET": selectors.READ_SCOPE}
    refusals: ClassVar = {"GET": (JobUnknown,)}
    tagged = frozenset({"GET"})
    serializer_class = JobOutput

    @extend_schema(operation_id="gates_jobs_retrieve")
    def get(self, request: ActorRequest, pk: UUID) -> Response:
        """Return how a job stands, with its decision once there is one."""
        answer = JobOutput(selectors.job_by_id(request.actor, pk)).data
        self.etag(answer)
        return Response(answer)
