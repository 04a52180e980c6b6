"""Settings as their readers see them: definition, value in force, what waits."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from stellapolicy.governance.models import ApprovalRequest, GovernanceSetting
from stellapolicy.governance.services.settings import KIND
from stellapolicy.governance.settings_registry import Setting, StoredValue, settings


@dataclass(frozen=True, slots=True)
class SettingSheet:
    """One setting, its value and the changes that wait."""

    setting: Setting
    row: GovernanceSetting | None
    waiting: tuple[UUID, ...]

    @property
    def name(self) -> str:
        """What it is called."""
        return self.setting.name

    @property
    def type(self) -> str:
        """Which values it takes."""
        return self.setting.type.value

    @property
    def title(self) -> str:
        """What it is called in words."""
        return str(self.setting.title)

    @property
    def help(self) -> str:
        """What it does."""
        return str(self.setting.help)

    @property
    def value(self) -> StoredValue:
        """The value in force."""
        if self.row is None:
            return self.default_value
        return self.setting.store(self.setting.read(self.row.value))

    @property
    def default_value(self) -> StoredValue:
        """What holds where nobody changed it."""
        return self.setting.store(self.setting.default)

    @property
    def values(self) -> str:
        """Which values it takes, in words."""
        return self.setting.values_in_words()

    @property
    def opens_gate(self) -> bool:
        """Whether a wrong value lets something through."""
        return self.setting.opens_gate

    @property
    def version(self) -> int:
        """How often it was changed."""
        return self.row.version if self.row else 0


def setting_sheets(*, at: datetime) -> list[SettingSheet]:
    """Return every setting by name; two queries."""
    rows = {row.name: row for row in GovernanceSetting.objects.newest()}
    waiting: defaultdict[str, list[UUID]] = defaultdict(list)
    for name, pk in _waiting(at=at):
        waiting[name].append(pk)
    return [SettingSheet(each, rows.get(each.name), tuple(waiting[each.name])) for each in settings()]


def _waiting(*, at: datetime) -> Iterator[tuple[str, UUID]]:
    requests = ApprovalRequest.objects.undecided(at=at).filter(kind=KIND).order_by("created_at", "id")
    yield from requests.values_list("target_id", "pk")
