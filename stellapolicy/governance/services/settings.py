"""Changing a setting: one person proposes, another confirms."""

from datetime import datetime
from typing import Final

from django.db import transaction

from stellapolicy.access.roles import Scope
from stellapolicy.audit.services import Target, record
from stellapolicy.governance.errors import AskedAlready, SettingMoved, SettingUnchanged
from stellapolicy.governance.models import ApprovalRequest, GovernanceSetting
from stellapolicy.governance.quorum import QuorumRule, Seat
from stellapolicy.governance.selectors import current_value, forget_values, waits_already
from stellapolicy.governance.services.approvals import hash_of, request_approval
from stellapolicy.governance.settings_registry import setting_named
from stellapolicy.kernel import digest
from stellapolicy.kernel.actor import Actor
from stellapolicy.kernel.canonical_json import JsonValue

KIND: Final = "governance.setting"
TARGET_TYPE: Final = "governance.setting"
RULE: Final = QuorumRule((Seat("second person", scope=Scope.GOVERNANCE_WRITE),))


@transaction.atomic
def propose_setting(*, actor: Actor, name: str, value: object, reason: str, at: datetime) -> ApprovalRequest:
    """Ask for another value of a setting; it holds once somebody else confirms it."""
    actor.require(Scope.GOVERNANCE_WRITE)
    known = setting_named(name)
    wanted = known.store(known.read(value))
    present, row = current_value(known)
    if known.store(present) == wanted:
        raise SettingUnchanged(f"{name} is {wanted} already")
    payload: dict[str, JsonValue] = {
        "name": name,
        "from": known.store(present),
        "to": wanted,
        "version": row.version if row else 0,
    }
    if waits_already(kind=KIND, payload_hash=hash_of(payload), at=at):
        raise AskedAlready(f"{name} waits to become {wanted}")
    target = Target(TARGET_TYPE, name)
    return request_approval(actor=actor, kind=KIND, target=target, payload=payload, rule=RULE, reason=reason, at=at)


def complete_setting(*, actor: Actor, request: ApprovalRequest, at: datetime) -> GovernanceSetting:
    """Let the value hold that was confirmed; refuses where the setting was changed since it was proposed."""
    asked = request.payload
    known = setting_named(asked["name"])
    present, row = current_value(known)
    if (row.version if row else 0) != asked["version"]:
        raise SettingMoved(f"{known.name} has become {known.store(present)}; propose the change anew")
    changed = GovernanceSetting(
        tenant_id=actor.tenant_id,
        name=known.name,
        version=asked["version"] + 1,
        value=known.store(known.read(asked["to"])),
        request=request,
        proposed_by=request.requester,
        confirmed_by=actor.subject,
        reason=request.reason,
        at=at,
    )
    changed.save(force_insert=True)
    forget_values()
    before, after = digest.of_json(known.store(present)), digest.of_json(changed.value)
    target = Target(TARGET_TYPE, known.name)
    record(actor, "setting.changed", target, at=at, before_digest=before, after_digest=after, reason=request.reason)
    return changed


def describe_setting(request: ApprovalRequest) -> tuple[str, ...]:
    """Return in words what confirming does."""
    asked = request.payload
    known = setting_named(asked["name"])
    said = f"{known.title}: from {spoken_value(asked['from'])} to {spoken_value(asked['to'])}."
    warning = ("A wrong value of this setting lets something through that should wait.",) if known.opens_gate else ()
    return (said, str(known.help), *warning)


def spoken_value(value: object) -> str:
    """Return a stored value as it is read."""
    match value:
        case True:
            return "on"
        case False:
            return "off"
        case _:
            return str(value)
