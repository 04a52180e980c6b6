"""The bytes of evidence: kept under the digest of what they unpack to, once the transaction that names them commits."""

from dataclasses import dataclass
from io import BytesIO
from weakref import WeakValueDictionary

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages
from django.db import transaction

from policies.errors import FileMissing, FileTampered
from policies.importers.reading import Upload, read_upload
from policies.importers.refusals import ImportRefused

STORAGE = "evidence"
_FOLDER = "reports"
_WAITING_ROOM = "waiting"


@dataclass(eq=False, slots=True, weakref_slot=True)
class _Waiting:
    """Bytes on their way into the storage."""

    content: bytes


# What this process will write when its transactions commit; Django lets go of it when one rolls back, and so do we.
_waiting: WeakValueDictionary[str, _Waiting] = WeakValueDictionary()


def storage() -> Storage:
    """Return the storage the settings name for evidence."""
    return storages[STORAGE]


def path_of(content_digest: str) -> str:
    """Return where bytes of this digest lie in the storage."""
    hexadecimal = content_digest.removeprefix("sha256:")
    return f"{_FOLDER}/{hexadecimal[:2]}/{hexadecimal}"


def keep(content_digest: str, content: bytes) -> str:
    """Keep bytes (gzip or plain) under the digest of what they unpack to; return where.

    They are written after commit, so that a refusal leaves no file behind; in this process they can be read before.
    """
    path = path_of(content_digest)
    waiting = _Waiting(content)
    _waiting[path] = waiting
    transaction.on_commit(lambda: _write(path, waiting))
    return path


def _write(path: str, waiting: _Waiting) -> None:
    files = storage()
    if files.exists(path):
        return
    stored = files.save(path, ContentFile(waiting.content))
    if stored != path:  # somebody else was faster with the very same bytes
        files.delete(stored)


def hold(name: str, content: bytes) -> str:
    """Let bytes wait under a name of their own, written after commit; return where."""
    path = f"{_WAITING_ROOM}/{name}"
    waiting = _Waiting(content)
    _waiting[path] = waiting
    transaction.on_commit(lambda: _write(path, waiting))
    return path


def held(path: str) -> bytes:
    """Return bytes that wait; raises FileMissing where there are none."""
    waiting = _waiting.get(path)
    return waiting.content if waiting is not None else _stored(path, "what waits to be imported")


def let_go(path: str) -> None:
    """Forget bytes that waited."""
    storage().delete(path)


def read(path: str, content_digest: str) -> Upload:
    """Return the unpacked content that a row names.

    Raises FileMissing where the storage has no such file, FileTampered where it is not what was stored.
    """
    waiting = _waiting.get(path)
    content = waiting.content if waiting is not None else _stored(path, content_digest)
    try:
        upload = read_upload(BytesIO(content))
    except ImportRefused as refusal:
        raise FileTampered(f"the stored file of {content_digest} cannot be unpacked: {refusal.detail}") from None
    if upload.digest != content_digest:
        raise FileTampered(f"the file stored as {content_digest} now has the digest {upload.digest}")
    return upload


def _stored(path: str, what: str) -> bytes:
    try:
        with storage().open(path, "rb") as stream:
            return bytes(stream.read())
    except FileNotFoundError:
        raise FileMissing(f"the storage has no file for {what}; restore it, or scan again") from None
