"""The bytes of columnar files in the storage of evidence, each under its tenant and the digest of its content."""

from typing import ClassVar
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from stellapolicy.kernel import digest
from stellapolicy.kernel.refusals import Refusal

_FOLDER = "columns"


class ColumnsLost(Refusal):
    """A columnar file is not there or not what was written; `manage.py columns rebuild` makes it anew."""

    code: ClassVar[str] = "columns.lost"
    title: ClassVar[str] = "The columns of the estate are damaged"


def storage() -> Storage:
    """Return the storage the settings name for evidence."""
    return storages["evidence"]


def path_of(tenant_id: UUID, content_digest: str) -> str:
    """Return where bytes of this digest lie; tenants share nothing, so that one may be deleted whole."""
    hexadecimal = content_digest.removeprefix("sha256:")
    return f"{_FOLDER}/{tenant_id}/{hexadecimal[:2]}/{hexadecimal}.parquet"


def write(path: str, content: ContentFile[bytes]) -> None:
    """Write bytes where they belong; the same bytes twice are one file."""
    files = storage()
    if files.exists(path):
        return
    stored = files.save(path, content)
    if stored != path:  # somebody else was faster with the very same bytes
        files.delete(stored)


def read(path: str, content_digest: str) -> bytes:
    """Return the bytes of a file; raises ColumnsLost where it is missing or changed."""
    try:
        with storage().open(path, "rb") as stream:
            content = bytes(stream.read())
    except FileNotFoundError:
        raise ColumnsLost(f"{content_digest} is not in the storage") from None
    if digest.of_bytes(content) != content_digest:
        raise ColumnsLost(f"the file of {content_digest} is not what was written")
    return content


def delete(path: str) -> None:
    """Delete a file that nothing names any more."""
    storage().delete(path)
