"""Locks events to their tenant; refuses to change one, and to remove one except in the name of retention."""

from typing import ClassVar

from django.db import migrations

from stellapolicy.tenancy import rls

KEEP_EVENTS = migrations.RunSQL(
    sql="""
        CREATE FUNCTION outbox_event_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' AND current_setting('app.retention', true) = 'on' THEN RETURN OLD; END IF;
            RAISE EXCEPTION 'outbox_outboxevent is append-only' USING ERRCODE = 'integrity_constraint_violation';
        END $$;
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON outbox_outboxevent
        FOR EACH ROW EXECUTE FUNCTION outbox_event_stays();
    """,
    reverse_sql="""
        DROP TRIGGER append_only ON outbox_outboxevent; DROP FUNCTION outbox_event_stays();
    """,
)


class Migration(migrations.Migration):
    dependencies: ClassVar = [("outbox", "0001_initial")]
    operations: ClassVar = [rls.protect("outbox_outboxevent"), KEEP_EVENTS]
