"""What trust refuses of what others signed, each with its code."""

from http import HTTPStatus

from stellapolicy.kernel.refusals import Refusal


class EnvelopeRefused(Refusal):
    """An envelope that is not believed, for whatever reason; its payload was not looked at."""

    code = "envelope.refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The signed envelope is not believed"


class EnvelopeMalformed(EnvelopeRefused):
    """It is no DSSE envelope; the faults say why."""

    code = "envelope.malformed"
    title = "This is no signed envelope"


class EnvelopeTooLarge(EnvelopeRefused):
    """It is larger than we are willing to look at."""

    code = "envelope.too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "The signed envelope is too large"


class PayloadTypeRefused(EnvelopeRefused):
    """It carries something else than what was asked for."""

    code = "envelope.payload_type"
    title = "The envelope carries something else"


class SignatureMissing(EnvelopeRefused):
    """Nobody signed it."""

    code = "signature.missing"
    title = "The envelope is not signed"


class KeyMissing(EnvelopeRefused):
    """There is no key that could vouch for it."""

    code = "signature.no_trusted_key"
    title = "No key is trusted here"


class SignatureInvalid(EnvelopeRefused):
    """No trusted key made any of its signatures, or what they cover was changed."""

    code = "signature.invalid"
    title = "No trusted key signed this"


class ThresholdMissed(EnvelopeRefused):
    """Fewer distinct keys signed it than must."""

    code = "signature.threshold_missed"
    title = "Too few trusted keys signed this"


class KeysUnreadable(Refusal):
    """What should be public keys is not; the faults say which and why."""

    code = "key.unreadable"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "A key cannot be read"


class StatementMalformed(Refusal):
    """It is no in-toto statement; the faults say why."""

    code = "statement.malformed"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "This is no in-toto statement"
