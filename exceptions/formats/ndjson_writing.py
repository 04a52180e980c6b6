"""Writes our own format, `stella-exception@1`: one exception a line, by number."""

from collections.abc import Iterable
from typing import Final

from exceptions.formats import media_types, ndjson
from exceptions.formats.forgiven import Forgiven, Issue, Written, in_order
from exceptions.formats.values import Loss, LossKind
from stellapolicy.kernel import canonical_json
from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.clock import rfc3339

FORMAT: Final = "ndjson"
MEDIA_TYPE: Final = media_types.NDJSON
_LOSSES: Final = (
    Loss(LossKind.DROPPED, "approvals", "who agreed stays in the signed approval of each exception"),
    Loss(LossKind.DROPPED, "seen", "what the approvers saw stays there; who imports looks anew"),
    Loss(LossKind.DROPPED, "grace", "how long one that must be approved anew still applies"),
)


def write(forgiven: Iterable[Forgiven], issue: Issue) -> Written:  # noqa: ARG001 - the shape of a writer
    """Return a line for each exception; none is an empty file."""
    rows = in_order(forgiven)
    content = b"".join(canonical_json.dumps(_line(one)) + b"\n" for one in rows)
    return Written(FORMAT, MEDIA_TYPE, content, _LOSSES, len(rows))


def _line(one: Forgiven) -> dict[str, JsonValue]:
    standing = one.standing
    return {
        "format": ndjson.FORMAT,
        "type": standing.type.value,
        "reason": standing.reason.value,
        "effect": standing.effect.value,
        "scope": standing.scope.to_json(),
        "starts_at": rfc3339(standing.starts_at),
        "expires_at": rfc3339(standing.expires_at),
        "rationale": one.rationale,
        "controls": list(standing.controls),
        "recheck": [condition.to_json() for condition in standing.conditions],
        "owner_team": one.owner_team,
        "ticket": one.ticket,
        "tags": list(one.tags),
        "origin": {
            "number": standing.id,
            "state": standing.state.value,
            "kind": standing.kind.value,
            "level": one.level,
            "approved_at": rfc3339(standing.approved_at),
            "terms_digest": standing.terms_digest,
        },
    }
