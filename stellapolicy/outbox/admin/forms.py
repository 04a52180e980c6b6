"""What is asked of whoever makes a webhook, a channel or a rule."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from stellapolicy.outbox import names
from stellapolicy.outbox.models import ChannelKind, Digest, NotificationChannel

_EVENTS = _("One a line: names of events or globs over them, such as gate.decided or exception.*.")


class EventsField(forms.CharField):
    """Names or globs, one a line, offered with those there are."""

    def __init__(self) -> None:
        known = ", ".join(sorted(names.known()))
        super().__init__(
            label=_("Events"),
            max_length=4000,
            widget=forms.Textarea(attrs={"rows": 4, "class": "st-input"}),
            help_text=_("%(how)s There are: %(known)s") % {"how": _EVENTS, "known": known},
        )

    def clean(self, value: Any) -> Any:  # noqa: ANN401 - Django's signature
        """Return the lines that say something."""
        return tuple(dict.fromkeys(line.strip() for line in str(super().clean(value)).splitlines() if line.strip()))


class WebhookForm(forms.Form):
    """An address and what it is told."""

    url = forms.CharField(label=_("Address"), max_length=2048, help_text=_("https, and none inside a network."))
    description = forms.CharField(label=_("What it is"), max_length=200, required=False)

    def __init__(self, posted: QueryDict | None) -> None:
        super().__init__(posted)
        self.fields["events"] = EventsField()


class ChannelForm(forms.Form):
    """A way to reach people."""

    name = forms.CharField(label=_("Name"), max_length=100)
    kind = forms.ChoiceField(label=_("Kind"), choices=ChannelKind.choices)
    recipients = forms.CharField(
        label=_("Recipients"),
        max_length=10_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "class": "st-input"}),
        help_text=_("One a line: mail addresses, or usernames for inboxes."),
    )
    url = forms.CharField(
        label=_("Address"), max_length=2048, required=False, help_text=_("For Slack and services; kept encrypted.")
    )

    def clean_recipients(self) -> tuple[str, ...]:
        """Return the lines that say something."""
        return tuple(line.strip() for line in self.cleaned_data["recipients"].splitlines() if line.strip())


class RuleForm(forms.Form):
    """Which events are told over which channel."""

    channel = forms.ModelChoiceField(
        label=_("Channel"), queryset=NotificationChannel.objects.none(), empty_label=_("choose a channel")
    )
    digest = forms.ChoiceField(
        label=_("How often"), choices=Digest.choices, help_text=_("Events gather until then, in one message.")
    )

    def __init__(self, posted: QueryDict | None) -> None:
        super().__init__(posted)
        channel = self.fields["channel"]
        if isinstance(channel, forms.ModelChoiceField):
            channel.queryset = NotificationChannel.objects.live().order_by("name")
        self.fields["events"] = EventsField()


class MuteForm(forms.Form):
    """Until when."""

    until = forms.DateTimeField(
        label=_("Until (UTC)"),
        input_formats=["%Y-%m-%d %H:%M", "%Y-%m-%d"],
        help_text=_("Such as 2026-03-02 12:00. What happens meanwhile is not told later."),
    )
