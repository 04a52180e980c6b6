"""Addresses of the gates room, relative to /api/v1/."""

from django.urls import path

from gates.api import decisions, jobs

urlpatterns = [
    path("gates", decisions.GatesView.as_view()),
    path("gates/evaluations", decisions.EvaluationsView.as_view()),
    path("gates/decisions", decisions.DecisionsView.as_view()),
    path("gates/decisions/<uuid:pk>", decisions.DecisionView.as_view()),
    path("gates/decisions/<uuid:pk>:replay", decisions.ReplayView.as_view()),
    path("gates/decisions/<uuid:pk>/report", decisions.ReportView.as_view()),
    path("gates/decisions/<uuid:pk>/explain", decisions.ExplainView.as_view()),
    path("gates/jobs", jobs.JobsView.as_view()),
    path("gates/jobs/<uuid:pk>", jobs.JobView.as_view()),
]
