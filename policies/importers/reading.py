"""From uploaded bytes to one JSON value, within limits: a bomb is refused while it unpacks, never after."""

import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import orjson

from policies.importers.limits import STANDARD, ImportLimits
from policies.importers.refusals import Bomb, CompressionInvalid, EmptyFile, JsonInvalid, TooDeep, TooLarge
from stellapolicy.kernel import digest

_GZIP = b"\x1f\x8b"
_CHUNK = 256 * 1024
_MEMBERS = 10_000
_GRACE = 1024 * 1024  # small files of much repetition are honest; below this size no ratio is a bomb
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_CONTAINERS: frozenset[type] = frozenset({dict, list})


@dataclass(frozen=True, slots=True)
class Upload:
    """An unpacked file: UTF-8 content without byte order mark, and the digest of the content as it was unpacked."""

    content: bytes
    digest: str


def read_upload(content: bytes | BinaryIO, limits: ImportLimits = STANDARD) -> Upload:
    """Return the unpacked content of an upload, plain or gzip (known by its magic, not by its name).

    The same report packed and plain has the same digest. Raises EmptyFile, TooLarge, Bomb, CompressionInvalid, and
    JsonInvalid for UTF-16 that cannot be read.
    """
    stream = io.BytesIO(content) if isinstance(content, bytes) else content
    packed = _read_within(stream, limits)
    unpacked = _unpack(packed, limits) if packed.startswith(_GZIP) else packed
    text = _as_utf8(unpacked)
    if not text.strip():
        raise EmptyFile("the file has no content; a scan that found nothing still says so")
    return Upload(content=text, digest=digest.of_bytes(unpacked))


def _read_within(stream: BinaryIO, limits: ImportLimits) -> bytes:
    head = stream.read(limits.compressed_bytes + 1)
    if head.startswith(_GZIP):
        if len(head) > limits.compressed_bytes:
            raise TooLarge(f"the compressed file is larger than {limits.compressed_bytes} bytes")
        return head
    whole = head + stream.read(max(0, limits.decompressed_bytes + 1 - len(head)))
    if len(whole) > limits.decompressed_bytes:
        raise TooLarge(f"the file is larger than {limits.decompressed_bytes} bytes")
    return whole


def _unpack(packed: bytes, limits: ImportLimits) -> bytes:
    pieces: list[bytes] = []
    size = 0
    for piece in _inflate(packed):
        size += len(piece)
        if size > limits.decompressed_bytes:
            raise TooLarge(f"the file unpacks to more than {limits.decompressed_bytes} bytes")
        if size > max(_GRACE, limits.ratio * len(packed)):
            raise Bomb(f"the file unpacks to more than {limits.ratio} times its {len(packed)} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def _inflate(packed: bytes) -> Iterator[bytes]:
    """Yield pieces of at most one chunk, through every member of the gzip file."""
    inflater = _member()
    members = 1
    try:
        for start in range(0, len(packed), _CHUNK):
            rest = packed[start : start + _CHUNK]
            while rest:
                if inflater.eof:
                    rest = rest.lstrip(b"\0")  # some tools pad the last block of a tape or disk
                    if not rest:
                        break
                    inflater, members = _member(), members + 1
                    _refuse_crumbs(members)
                yield inflater.decompress(rest, _CHUNK)
                rest = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
        while not inflater.eof and (piece := inflater.decompress(b"", _CHUNK)):
            yield piece
    except zlib.error as failure:
        raise CompressionInvalid(f"the gzip file is broken: {failure}") from None
    if not inflater.eof:
        raise CompressionInvalid("the gzip file ends early")


def _member() -> "zlib._Decompress":
    return zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)


def _refuse_crumbs(members: int) -> None:
    if members > _MEMBERS:
        raise CompressionInvalid(f"the gzip file is chopped into more than {_MEMBERS} members")


def _as_utf8(content: bytes) -> bytes:
    if content.startswith(_UTF8_BOM):
        return content[len(_UTF8_BOM) :]
    if content.startswith(_UTF16_BOMS):  # what a Windows shell writes for `scanner > report.json`
        try:
            return content.decode("utf-16").encode()
        except UnicodeError as failure:
            raise JsonInvalid(f"the file begins like UTF-16 and is not: {failure}") from None
    return content


def decode_json(content: bytes, limits: ImportLimits = STANDARD) -> object:
    """Return the JSON value of `content`, of which there is exactly one reading.

    Raises JsonInvalid naming line and column (also for NaN, infinities, and a key written twice in one object,
    which two readers would understand differently) and TooDeep.
    """
    try:
        value: object = orjson.loads(content)
    except orjson.JSONDecodeError as failure:
        if "depth" in failure.msg:
            raise TooDeep(f"the file is nested deeper than {limits.depth} levels") from None
        raise JsonInvalid(f"line {failure.lineno}, column {failure.colno}: {failure.msg}") from None
    refuse_depth(value, limits)
    json.loads(content, object_pairs_hook=refuse_repetition, parse_int=len, parse_float=len)
    return value


def refuse_depth(value: object, limits: ImportLimits) -> None:
    """Refuse what is nested too deeply; level by level, so that no recursion can run out."""
    level = [value] if value.__class__ in _CONTAINERS else []
    for _ in range(limits.depth):
        below: list[object] = []
        for node in level:
            inside = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
            if not _CONTAINERS.isdisjoint(map(type, inside)):
                below += [child for child in inside if child.__class__ in _CONTAINERS]
        if not below:
            return
        level = below
    raise TooDeep(f"the file is nested deeper than {limits.depth} levels")


def refuse_repetition(pairs: list[tuple[str, object]]) -> None:
    """Refuse an object that says one key twice."""
    if len(dict(pairs)) != len(pairs):
        written = [name for name, _ in pairs]
        repeated = min(name for name in written if written.count(name) > 1)
        raise JsonInvalid(f'the key "{repeated}" is written twice in one object')
