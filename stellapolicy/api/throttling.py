"""How often somebody may ask: counted in the cache, by person or token, by address where nobody is known.

A window begins at a whole multiple of its length, so all processes count in the same one. Where the cache cannot be
asked, requests go on uncounted: a limit protects from load, and a gate that cannot be asked stops every release. The
exchange of tokens alone is closed then: it is the one door at which strangers may try.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Final

import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from redis import RedisError
from rest_framework.exceptions import Throttled

from stellapolicy.api.address import household
from stellapolicy.api.permissions import actor_of
from stellapolicy.kernel.refusals import Refusal

logger = structlog.get_logger(__name__)


class Limit(StrEnum):
    """What is counted apart; the rates are the settings `RATE_LIMITS`."""

    READING = "reading"
    WRITING = "writing"
    HEAVY = "heavy"
    TOKEN_EXCHANGE = "token_exchange"  # noqa: S105 - a name, not a secret
    FAILED_SIGN_IN = "failed_sign_in"
    STRANGER = "stranger"


_CLOSED_UNCOUNTED: Final = frozenset({Limit.TOKEN_EXCHANGE})
_READING: Final = frozenset({"GET", "HEAD"})


class RateUncounted(Refusal):
    """Nobody can count at the moment, and this door is closed to the uncounted."""

    code = "rate.uncounted"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    title = "Try again in a moment"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a window after one request, in requests and whole seconds."""

    limit: int
    used: int
    reset_seconds: int

    @property
    def remaining(self) -> int:
        """How many more requests the window lets through."""
        return max(0, self.limit - self.used)

    @property
    def headers(self) -> dict[str, str]:
        """The headers that tell a caller (draft-ietf-httpapi-ratelimit-headers-06)."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }

    def require(self) -> None:
        """Refuse what goes beyond the window with 429."""
        if self.used > self.limit:
            raise Throttled(wait=self.reset_seconds, detail=f"{self.limit} requests were allowed")


def limit_for(method: str, declared: Limit | None, *, is_known: bool) -> Limit:
    """Return what a request is counted as: what its view declares, else by whether it reads or writes."""
    if declared is not None:
        return declared
    if not is_known:
        return Limit.STRANGER
    return Limit.READING if method in _READING else Limit.WRITING


def take(limit: Limit, request: HttpRequest, *, at: datetime) -> Allowance | None:
    """Count one request and return what is left; None where the limit is off or nobody can count.

    Raises RateUncounted where the limit is closed to the uncounted.
    """
    rate: tuple[int, int] | None = settings.RATE_LIMITS[limit]
    if rate is None:
        return None
    allowed, seconds = rate
    window, passed = divmod(int(at.timestamp()), seconds)
    key = f"rate:{limit}:{_who(limit, request)}:{window}"
    try:
        used = _count(key, seconds)
    except (RedisError, OSError) as error:
        logger.warning("rate_uncounted", limit=limit.value, reason=type(error).__name__)
        if limit in _CLOSED_UNCOUNTED:
            raise RateUncounted("requests cannot be counted at the moment") from None
        return None
    return Allowance(allowed, used, seconds - passed)


def _who(limit: Limit, request: HttpRequest) -> str:
    actor = actor_of(request)
    if actor is None or limit is Limit.TOKEN_EXCHANGE:
        return household(request)
    # Names hold characters that a key may not.
    return hashlib.sha256(f"{actor.tenant_id}:{actor.subject}".encode()).hexdigest()


def _count(key: str, seconds: int) -> int:
    if cache.add(key, 1, timeout=seconds):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it ran out between the two questions
        return 1
