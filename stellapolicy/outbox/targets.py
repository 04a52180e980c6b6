"""Where a channel leads: read strictly by its kind, shown without its secrets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from stellapolicy.kernel.canonical_json import JsonValue
from stellapolicy.kernel.refusals import Fault
from stellapolicy.outbox.errors import TargetRefused
from stellapolicy.outbox.models.notification import ChannelKind

MOST_RECIPIENTS: Final = 50
_EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,189}")
_PERSON: Final = re.compile(r"[\w.@+-]{1,150}")
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class Target:
    """Recipients of mail, people of the product, or an address; exactly one of the two members is filled."""

    recipients: tuple[str, ...] = ()
    url: str = ""

    def to_json(self) -> dict[str, JsonValue]:
        """Return what is kept, encrypted."""
        return {"recipients": list(self.recipients), "url": self.url}

    @classmethod
    def of_json(cls, kept: Mapping[str, JsonValue]) -> "Target":
        """Return what was kept."""
        recipients = kept["recipients"]
        listed = recipients if isinstance(recipients, list) else []
        return cls(recipients=tuple(map(str, listed)), url=str(kept["url"]))

    def shown(self) -> str:
        """Return what may be shown: of an address the host alone, as its path may be a password."""
        if self.url:
            return f"https://{urlsplit(self.url).hostname}/…"
        text = ", ".join(self.recipients)
        return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def target_for(kind: ChannelKind, *, recipients: tuple[str, ...], url: str) -> Target:
    """Return the target of a channel, or refuse what does not belong to its kind."""
    if kind in {ChannelKind.WEBHOOK, ChannelKind.SLACK}:
        if recipients or not url:
            raise _refused("/url", "this kind of channel has an address and no recipients")
        return Target(url=url)
    if url or not recipients:
        raise _refused("/recipients", "this kind of channel has recipients and no address")
    if len(recipients) > MOST_RECIPIENTS:
        raise _refused("/recipients", f"at most {MOST_RECIPIENTS} recipients")
    form = _EMAIL if kind is ChannelKind.EMAIL else _PERSON
    for index, recipient in enumerate(recipients):
        if not form.fullmatch(recipient):
            raise _refused(f"/recipients/{index}", f"{recipient[:80]!r} is no recipient of this kind of channel")
    return Target(recipients=tuple(dict.fromkeys(recipients)))


def _refused(pointer: str, message: str) -> TargetRefused:
    return TargetRefused(message, faults=(Fault(pointer, TargetRefused.code, message),))
