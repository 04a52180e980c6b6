"""Row-level security; history stays, states move along legal steps, terms hold once approved: in the database."""

from typing import ClassVar

from django.db import migrations

from stellapolicy.tenancy import rls

_LEGAL = {
    "proposed": ("changes_requested", "approved", "rejected", "withdrawn", "superseded"),
    "changes_requested": ("proposed", "withdrawn", "superseded"),
    "approved": ("active", "revoked", "expired"),
    "active": ("revalidation_required", "revoked", "expired"),
    "revalidation_required": ("active", "revoked", "expired"),
}
_HISTORY = (
    "exceptions_exceptionterms",
    "exceptions_exceptionevent",
    "exceptions_exceptioncomment",
    "exceptions_exceptionnotice",
    "exceptions_exceptionevidence",
    "exceptions_exceptionattestation",
    "exceptions_approvaltable",
)

# INVARIANT: whatever a program does, terms hold only where a request for exactly them was approved.
_APPROVED_TERMS = """
    CREATE FUNCTION exceptions_terms_were_approved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.terms_id IS NOT NULL AND (TG_OP = 'INSERT' OR NEW.terms_id IS DISTINCT FROM OLD.terms_id)
           AND NOT EXISTS (SELECT 1 FROM governance_approvalrequest r
                           JOIN exceptions_exceptionterms t ON t.id::text = r.target_id
                           WHERE r.kind = 'exception' AND r.target_id = NEW.terms_id::text AND r.state = 'approved'
                           AND r.tenant_id = NEW.tenant_id AND t.exception_id = NEW.id
                           AND r.payload ->> 'terms_digest' = t.digest) THEN
            RAISE EXCEPTION 'terms hold once a request for exactly them was approved'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER terms_were_approved BEFORE INSERT OR UPDATE ON exceptions_policyexception
    FOR EACH ROW EXECUTE FUNCTION exceptions_terms_were_approved();
"""
_ANY_TERMS = """
    DROP TRIGGER terms_were_approved ON exceptions_policyexception; DROP FUNCTION exceptions_terms_were_approved();
"""

# The same for the table of levels; and an application is never another one, though it is forgotten after a year.
_APPROVED_LEVELS = """
    CREATE FUNCTION exceptions_levels_were_approved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM governance_approvalrequest r
                       WHERE r.id = NEW.request_id AND r.state = 'approved' AND r.kind = 'exception.approval_levels') THEN
            RAISE EXCEPTION 'levels follow an approval' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER was_approved BEFORE INSERT ON exceptions_approvaltable
    FOR EACH ROW EXECUTE FUNCTION exceptions_levels_were_approved();
    CREATE FUNCTION exceptions_application_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'an application never changes' USING ERRCODE = 'integrity_constraint_violation'; END $$;
    CREATE TRIGGER stays BEFORE UPDATE ON exceptions_exceptionapplication
    FOR EACH ROW EXECUTE FUNCTION exceptions_application_stays();
"""
_ANY_LEVELS = """
    DROP TRIGGER was_approved ON exceptions_approvaltable; DROP FUNCTION exceptions_levels_were_approved();
    DROP TRIGGER stays ON exceptions_exceptionapplication; DROP FUNCTION exceptions_application_stays();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("exceptions", "0001_initial"), ("governance", "0002_locks")]
    operations: ClassVar = [
        *[
            rls.protect(table)
            for table in (
                "exceptions_policyexception",
                "exceptions_exceptionnumber",
                "exceptions_exceptionapplication",
                *_HISTORY,
            )
        ],
        *[rls.append_only(table) for table in _HISTORY],
        rls.moves("exceptions_policyexception", "state", _LEGAL, start="proposed"),
        rls.frozen(
            "exceptions_policyexception",
            ("tenant_id", "number", "type", "reason", "kind", "requester", "person", "created_at"),
        ),
        migrations.RunSQL(_APPROVED_TERMS, _ANY_TERMS),
        migrations.RunSQL(_APPROVED_LEVELS, _ANY_LEVELS),
    ]
