"""What egress refuses."""

from http import HTTPStatus
from typing import ClassVar

from stellapolicy.kernel.refusals import Refusal


class EgressRefused(Refusal):
    """A connection that was not made, or an answer that was not taken."""

    code: ClassVar[str] = "egress.refused"
    status: ClassVar[HTTPStatus] = HTTPStatus.UNPROCESSABLE_ENTITY
    title: ClassVar[str] = "This connection is not made"


class Sealed(EgressRefused):
    """The installation is sealed: no connection leaves it."""

    code: ClassVar[str] = "egress.sealed"
    status: ClassVar[HTTPStatus] = HTTPStatus.CONFLICT
    title: ClassVar[str] = "The installation is sealed"


class NotAllowed(EgressRefused):
    """The address is not one that may be called: its form, its scheme, or its host."""

    code: ClassVar[str] = "egress.not_allowed"
    title: ClassVar[str] = "This address may not be called"


class AddressRefused(EgressRefused):
    """The host's name leads to a private, local or otherwise special address."""

    code: ClassVar[str] = "egress.address_refused"
    title: ClassVar[str] = "This address leads inside"


class TooLarge(EgressRefused):
    """The answer is longer than is read."""

    code: ClassVar[str] = "egress.too_large"
    status: ClassVar[HTTPStatus] = HTTPStatus.FAILED_DEPENDENCY
    title: ClassVar[str] = "The answer is too large"


class EgressFailed(EgressRefused):
    """The other side could not be reached, or its answer not be read."""

    code: ClassVar[str] = "egress.failed"
    status: ClassVar[HTTPStatus] = HTTPStatus.FAILED_DEPENDENCY
    title: ClassVar[str] = "The other side did not answer properly"
