"""Where a key may live, and which of these places the settings choose."""

from django.conf import settings

from stellapolicy.signing.backends.development import DevelopmentSigner
from stellapolicy.signing.backends.key_file import KeyFileSigner
from stellapolicy.signing.backends.unsupported import UnsupportedSigner


def chosen() -> KeyFileSigner | DevelopmentSigner | UnsupportedSigner:
    """Return the signer of the settings: the key of SIGNING_KEY, else a laptop's own key, else one that refuses."""
    if settings.SIGNING_KEY:
        return KeyFileSigner(settings.SIGNING_KEY)
    if settings.LAPTOP:
        return DevelopmentSigner(settings.VAR_DIR / "keys")
    return UnsupportedSigner()
