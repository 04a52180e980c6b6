"""The settings that governance itself reads, and those that no room of their own could register."""

from typing import Final

from django.utils.translation import gettext_lazy as _

from stellapolicy.governance.settings_registry import SettingType, register

FEED_UPLOAD: Final = "feed_upload_needs_second_person"
ROLE_GRANTS: Final = "role_grants_need_second_person"
TIME_OUT_DAYS: Final = "approval_time_out_days"
LONGEST_DELEGATION_DAYS: Final = "delegation_longest_days"


def register_settings() -> None:
    """Make them known."""
    register(
        FEED_UPLOAD,
        type=SettingType.BOOLEAN,
        default=True,
        title=_("Feeds loaded by hand need a second person"),
        help=_(
            "Off: one person loads a file for everybody; what shrank or takes an entry out of KEV waits all the same."
        ),
        opens_gate=True,
    )
    register(
        ROLE_GRANTS,
        type=SettingType.BOOLEAN,
        default=True,
        title=_("Powerful roles need a second person"),
        help=_("A role that can approve, activate, bypass, unseal, sign or govern is given once somebody confirms it."),
        opens_gate=True,
    )
    register(
        TIME_OUT_DAYS,
        type=SettingType.INTEGER,
        default=7,
        title=_("Days a request waits"),
        help=_("After that many days without a decision a request for approval lapses."),
        opens_gate=False,
        smallest=1,
        largest=90,
    )
    register(
        LONGEST_DELEGATION_DAYS,
        type=SettingType.INTEGER,
        default=30,
        title=_("Longest delegation, in days"),
        help=_("Nobody lets somebody else vote in their stead for longer than this."),
        opens_gate=True,
        smallest=1,
        largest=365,
    )
