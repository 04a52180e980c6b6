"""Content digests: `sha256:` and 64 hexadecimal digits."""

import hashlib
import re

from stellapolicy.kernel import canonical_json
from stellapolicy.kernel.canonical_json import JsonValue

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def of_bytes(content: bytes) -> str:
    """Return the digest of these bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def of_json(value: JsonValue) -> str:
    """Return the digest of a value's canonical JSON."""
    return of_bytes(canonical_json.dumps(value))


def is_digest(text: str) -> bool:
    """Whether `text` is a well-formed sha256 digest."""
    return _DIGEST.fullmatch(text) is not None
