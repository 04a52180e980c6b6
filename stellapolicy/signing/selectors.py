"""What signing tells of itself."""

from stellapolicy.signing.errors import SigningUnsupported
from stellapolicy.signing.ports import signer
from stellapolicy.trust.public_keys import PublicKey, read_public_keys


def own_keys() -> tuple[PublicKey, ...]:
    """Return the public key that signs here; none where nothing signs."""
    try:
        return read_public_keys(signer().public_key_pem)
    except SigningUnsupported:
        return ()
