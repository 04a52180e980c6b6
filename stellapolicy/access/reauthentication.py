"""Whether somebody proved lately who they are: asked before an approval, a bypass or an unseal.

The sign-in of a session is an instant in `Actor.extra`. A bearer token proves itself with every request and nobody is
there to be asked, so it is exempt, and says so itself; an actor that carries neither is refused.
"""

from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from stellapolicy.access.errors import ReauthenticationNeeded
from stellapolicy.kernel.actor import Actor

WINDOW: Final = timedelta(minutes=15)
# Where somebody proves again who they are; `next` leads back.
ADDRESS: Final = "/admin/reauthenticate/"
# The member of a session and of `Actor.extra`: RFC 3339, UTC.
AUTHENTICATED_AT: Final = "authenticated_at"
# What the extra of a token, or of the product acting by itself, holds.
EXEMPTION: Final = MappingProxyType({"reauthentication": "exempt"})


def require_recent(actor: Actor, *, at: datetime) -> None:
    """Refuse whoever signed in more than 15 minutes before `at`, or cannot say when, unless they are exempt."""
    if is_exempt(actor):
        return
    signed_in = authenticated_at(actor)
    if signed_in is None or at - signed_in > WINDOW:
        minutes = int(WINDOW.total_seconds() // 60)
        raise ReauthenticationNeeded(
            f"this needs a sign-in of the last {minutes} minutes: sign in again at {ADDRESS}, then repeat it"
        )


def is_exempt(actor: Actor) -> bool:
    """Whether the actor is one that nobody can ask to sign in again."""
    return EXEMPTION.items() <= actor.extra.items()


def authenticated_at(actor: Actor) -> datetime | None:
    """Return when the person behind the session last proved who they are; None where that is not known."""
    try:
        instant = datetime.fromisoformat(actor.extra.get(AUTHENTICATED_AT, ""))
    except ValueError:
        return None
    return instant if instant.tzinfo else None
