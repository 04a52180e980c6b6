"""What a revision says stays once it left its draft, and its state moves along legal steps alone."""

from typing import ClassVar

from django.db import migrations

from stellapolicy.tenancy import rls

_LEGAL = {
    "draft": ("submitted", "active"),
    "submitted": ("draft", "approved"),
    "approved": ("active", "archived"),
    "active": ("archived", "approved"),
}


class Migration(migrations.Migration):
    dependencies: ClassVar = [("policies", "0005_feeds_and_their_history")]
    operations: ClassVar = [
        rls.moves("policies_packrevision", "state", _LEGAL, start="draft"),
        rls.frozen(
            "policies_packrevision",
            ("pack_id", "version", "sources", "program", "digest", "author", "created_at", "tenant_id"),
            unless="OLD.state = 'draft'",
        ),
    ]
