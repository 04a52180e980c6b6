"""Tokens as they were found lately, in Valkey for at most a minute: it saves a query, and never has the last word.

INVARIANT: what is kept here lets nobody in. It says whose request this is; whether the token still stands and its
person is still active is read from the database in the query for the roles, which every request makes anyway (see
`selectors.standing_grants_of`). A revocation is therefore effective with its commit, in every process, whatever was
filled in late, lost on the way or could not be deleted; and no entry can be forged into a sign-in.
"""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from django.core import signing
from django.core.cache import cache
from redis.exceptions import RedisError

from stellapolicy.access.models import ApiToken, User
from stellapolicy.tenancy.models import Tenant

KEPT_SECONDS: Final = 60
_SALT = "stellapolicy.access.token_cache"
_TOKEN = (
    "id",
    "digest",
    "name",
    "acts_as",
    "scopes",
    "tenant_id",
    "service_id",
    "workload_id",
    "expiry",
    "issued_by_people",
)

log = structlog.get_logger(__name__)


class _Kept(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a request needs of a token, its tenant and its person; neither the secret nor a password."""

    id: UUID
    digest: str
    name: str
    acts_as: str
    scopes: tuple[str, ...]
    issued_by_people: tuple[str, ...]
    tenant_id: UUID
    tenant_slug: str
    tenant_name: str
    service_id: UUID | None
    workload_id: UUID | None
    expiry: datetime
    last_used_at: datetime | None
    user_id: UUID | None
    username: str
    is_superuser: bool
    password_set_by: str


def find(digest: str) -> ApiToken | None:
    """Return the token of a secret's digest as it was kept, with its tenant and person; None where it was not."""
    try:
        said = cache.get(_key(digest))
    except RedisError as error:
        log.warning("token_cache_unreachable", reason=type(error).__name__)
        return None
    if not isinstance(said, str):
        return None
    try:
        kept = msgspec.json.decode(signing.Signer(salt=_SALT).unsign(said), type=_Kept)
    except (signing.BadSignature, msgspec.DecodeError):
        log.warning("token_cache_entry_refused")
        return None
    # The digest is signed too: an entry moved to the place of another token is none.
    return _token(kept) if kept.digest == digest else None


def keep(token: ApiToken) -> None:
    """Keep a token that was just read and found standing."""
    kept = _Kept(
        id=token.pk,
        digest=token.digest,
        name=token.name,
        acts_as=token.acts_as,
        scopes=tuple(token.scopes),
        issued_by_people=tuple(token.issued_by_people),
        tenant_id=token.tenant_id,
        tenant_slug=token.tenant.slug,
        tenant_name=token.tenant.name,
        service_id=token.service_id,
        workload_id=token.workload_id,
        expiry=token.expiry,
        last_used_at=token.last_used_at,
        user_id=token.user_id,
        username=token.user.username if token.user else "",
        is_superuser=bool(token.user and token.user.is_superuser),
        password_set_by=token.user.password_set_by if token.user else "",
    )
    signed = signing.Signer(salt=_SALT).sign(msgspec.json.encode(kept).decode())
    try:
        cache.set(_key(token.digest), signed, timeout=KEPT_SECONDS)
    except RedisError as error:
        log.warning("token_cache_unreachable", reason=type(error).__name__)


def forget(digest: str) -> None:
    """Remove a token that ended; where that fails, the database still refuses it."""
    try:
        cache.delete(_key(digest))
    except RedisError as error:
        log.warning("token_cache_unreachable", reason=type(error).__name__)


def _key(digest: str) -> str:
    return f"access.token.{digest}"


def _token(kept: _Kept) -> ApiToken:
    """Return the rows; what was not kept of them is read when somebody asks for it."""
    token: ApiToken = _row(ApiToken, **{name: getattr(kept, name) for name in _TOKEN}, last_used_at=kept.last_used_at)
    token.scopes = list(kept.scopes)
    token.tenant = _row(Tenant, id=kept.tenant_id, slug=kept.tenant_slug, name=kept.tenant_name)
    token.user = None
    if kept.user_id is not None:
        token.user = _row(
            User,
            id=kept.user_id,
            username=kept.username,
            is_active=True,
            is_superuser=kept.is_superuser,
            password_set_by=kept.password_set_by,
        )
    return token


def _row(model: Any, **values: object) -> Any:  # noqa: ANN401 - a row of any of the three models
    """Return a row of which only these columns are known; Django wants them in the order of the model."""
    names = [field.attname for field in model._meta.concrete_fields if field.attname in values]  # noqa: SLF001 - Django's public face
    return model.from_db("default", names, [values[name] for name in names])
