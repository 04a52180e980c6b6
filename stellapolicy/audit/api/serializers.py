"""How an entry is shown."""

from rest_framework import serializers

from stellapolicy.audit import actions
from stellapolicy.audit.models import Entry


class EntryOutput(serializers.ModelSerializer[Entry]):
    """One entry of the audit trail."""

    action_label = serializers.SerializerMethodField(help_text="The action in words.")

    class Meta:
        model = Entry
        fields = (
            "seq",
            "at",
            "actor",
            "action",
            "action_label",
            "target_type",
            "target_id",
            "before_digest",
            "after_digest",
            "reason",
            "ticket",
            "request_id",
            "address",
            "prev_hash",
            "hash",
        )
        read_only_fields = fields

    def get_action_label(self, entry: Entry) -> str:
        """Return the words of the action; one of an app that is gone keeps its code."""
        return actions.known().get(entry.action, entry.action)
