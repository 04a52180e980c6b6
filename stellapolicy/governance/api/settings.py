"""Governance settings over HTTP."""

from http import HTTPStatus
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from stellapolicy.access.roles import Scope
from stellapolicy.api.views import ActorRequest, ScopedView
from stellapolicy.governance import errors
from stellapolicy.governance.api.serializers import (
    ApprovalOutput,
    ProposalRequest,
    SettingDetailOutput,
    SettingOutput,
    SettingVersionOutput,
)
from stellapolicy.governance.models import GovernanceSetting
from stellapolicy.governance.services.settings import propose_setting
from stellapolicy.governance.settings_registry import setting_named
from stellapolicy.governance.sheets import setting_sheets
from stellapolicy.kernel.clock import now

_NEWEST = 100


class Settings(ScopedView):
    """Every governance setting of the tenant."""

    required_scopes = {"GET": Scope.GOVERNANCE_READ}
    pagination_class = None  # type: ignore[assignment]  # every setting is one answer

    @extend_schema(operation_id="governance_settings_list", responses=SettingOutput(many=True))
    def get(self, request: ActorRequest) -> Response:  # noqa: ARG002 - the framework's signature
        """List the settings by name, each with the value in force and the changes that wait."""
        return Response(SettingOutput(setting_sheets(at=now()), many=True).data)


class SettingValueView(ScopedView):
    """One governance setting."""

    required_scopes = {"GET": Scope.GOVERNANCE_READ}
    refusals = {"GET": (errors.SettingUnknown,)}

    @extend_schema(operation_id="governance_settings_retrieve", responses=SettingDetailOutput)
    def get(self, request: ActorRequest, name: str) -> Response:  # noqa: ARG002 - the framework's signature
        """Return a setting with its last hundred values, the newest first."""
        setting_named(name)
        sheet = next(each for each in setting_sheets(at=now()) if each.name == name)
        history = GovernanceSetting.objects.history_of(name)[:_NEWEST]
        shown: dict[str, Any] = {  # Any: JSON
            **SettingOutput(sheet).data,
            "history": SettingVersionOutput(history, many=True).data,
        }
        return Response(shown)


class SettingProposal(ScopedView):
    """A change of a governance setting."""

    required_scopes = {"POST": Scope.GOVERNANCE_WRITE}
    refusals = {
        "POST": (
            errors.SettingUnknown,
            errors.SettingRefused,
            errors.SettingUnchanged,
            errors.AskedAlready,
            errors.ReasonMissing,
        )
    }

    @extend_schema(operation_id="governance_settings_propose", request=ProposalRequest, responses={202: ApprovalOutput})
    def post(self, request: ActorRequest, name: str) -> Response:
        """Propose another value; it holds once somebody else confirms the request that is answered."""
        asked = ProposalRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        at = now()
        waiting = propose_setting(actor=request.actor, name=name, at=at, **asked.validated_data)
        return Response(ApprovalOutput(waiting, context={"at": at}).data, status=HTTPStatus.ACCEPTED)
