"""What tenancy refuses."""

from http import HTTPStatus
from typing import ClassVar

from stellapolicy.kernel.refusals import Refusal


class TenantUnknown(Refusal):
    """No such tenant."""

    code: ClassVar[str] = "tenant.unknown"
    status: ClassVar[HTTPStatus] = HTTPStatus.NOT_FOUND
    title: ClassVar[str] = "There is no such tenant"
