"""What signing refuses, each with its code."""

from http import HTTPStatus

from stellapolicy.kernel.refusals import Refusal


class SigningUnsupported(Refusal):
    """The installation has no key: nothing is signed, and nothing pretends to be."""

    code = "signing.unsupported"
    status = HTTPStatus.CONFLICT
    title = "Nothing is signed here"


class SigningKeyUnreadable(Refusal):
    """The private key is none we can sign with."""

    code = "signing.key_unreadable"
    status = HTTPStatus.CONFLICT
    title = "The signing key cannot be read"
