"""Why a file is not imported; each refusal is whole: nothing of the file is kept."""

from http import HTTPStatus

from stellapolicy.kernel.refusals import Fault, Refusal

BROKEN_ROW = "evidence.shape_invalid"


class ImportRefused(Refusal):
    """Any answer of this package that is no."""

    code = "evidence.refused"
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    title = "The file was not imported"


class EmptyFile(ImportRefused):
    """The file has no content; an empty file is no proof of an empty result."""

    code = "evidence.empty"
    title = "The file is empty"


class JsonInvalid(ImportRefused):
    """The file is broken JSON; the detail names line and column."""

    code = "evidence.json_invalid"
    title = "The file is not valid JSON"


class FormatUnknown(ImportRefused):
    """Nobody recognises the file."""

    code = "evidence.format_unknown"
    title = "The format of the file was not recognised"


class FormatUnsupported(ImportRefused):
    """The format is recognised, and is not among those that are read."""

    code = "evidence.format_unsupported"
    title = "The format of the file is not supported"


class TooLarge(ImportRefused):
    """The file, or what it unpacks to, or the number of its findings is beyond the limit."""

    code = "evidence.too_large"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "The file is too large"


class Bomb(ImportRefused):
    """The file unpacks to far more than its size; unpacking stopped there."""

    code = "evidence.bomb"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "The file unpacks to far more than its size"


class CompressionInvalid(ImportRefused):
    """The file begins like gzip and cannot be unpacked."""

    code = "evidence.compression_invalid"
    title = "The compressed file is broken"


class TooDeep(ImportRefused):
    """The JSON is nested deeper than any honest report."""

    code = "evidence.too_deep"
    title = "The file is nested too deeply"


class ShapeInvalid(ImportRefused):
    """A value is not what the format says; every fault names its JSON Pointer."""

    code = "evidence.shape_invalid"
    title = "The file does not have the shape of its format"

    @classmethod
    def at(cls, pointer: str, message: str) -> "ShapeInvalid":
        """Return the refusal for one value at one place."""
        return cls.of((Fault(pointer=pointer, code=BROKEN_ROW, message=message),))

    @classmethod
    def of(cls, faults: tuple[Fault, ...]) -> "ShapeInvalid":
        """Return the refusal for several values, the first one in the sentence."""
        first = faults[0]
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        return cls(f"{first.pointer or 'the document'}: {first.message}{more}", faults=faults)


class FeedHeaderInvalid(ImportRefused):
    """The first lines of a feed do not say what it is and of which day."""

    code = "feed.header_invalid"
    title = "The header of the feed is invalid"


class FeedRowInvalid(ImportRefused):
    """A row of a feed is unreadable; the detail names its line or pointer."""

    code = "feed.row_invalid"
    title = "A row of the feed is invalid"


class FeedIncomplete(ImportRefused):
    """A feed holds no rows, or fewer than it says."""

    code = "feed.incomplete"
    title = "The feed is incomplete"
