"""Row-level security; what was asked, voted or set never changes, and a request moves only forwards, in the database."""

from typing import ClassVar

from django.db import migrations

from stellapolicy.tenancy import rls

_ASKED = (
    "id",
    "tenant_id",
    "kind",
    "target_type",
    "target_id",
    "payload",
    "payload_hash",
    "rule",
    "services",
    "requester",
    "person",
    "reason",
    "created_at",
    "expires_at",
)
_PROMISED = (
    "id",
    "tenant_id",
    "delegator",
    "delegate",
    "scopes",
    "roles",
    "service_id",
    "starts_at",
    "ends_at",
    "reason",
    "created_at",
)


def _row(alias: str, columns: tuple[str, ...]) -> str:
    return "ROW(" + ", ".join(f"{alias}.{column}" for column in columns) + ")"


_FREEZE_REQUESTS = f"""
    CREATE FUNCTION governance_request_moves() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'INSERT' THEN
            IF NEW.state <> 'open' THEN
                RAISE EXCEPTION 'an approval request begins open' USING ERRCODE = 'integrity_constraint_violation';
            END IF;
            RETURN NEW;
        END IF;
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'approval requests stay' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF {_row("NEW", _ASKED)} IS DISTINCT FROM {_row("OLD", _ASKED)} THEN
            RAISE EXCEPTION 'what was asked never changes' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        IF OLD.state <> 'open' THEN
            RAISE EXCEPTION 'a closed approval request stays closed' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER moves_forwards BEFORE INSERT OR UPDATE OR DELETE ON governance_approvalrequest
    FOR EACH ROW EXECUTE FUNCTION governance_request_moves();
"""
_THAW_REQUESTS = """
    DROP TRIGGER moves_forwards ON governance_approvalrequest; DROP FUNCTION governance_request_moves();
"""

# A vote is cast while the request is open; a value is set by a request that was approved.
_TIE_TO_STATE = """
    CREATE FUNCTION governance_vote_is_cast_in_time() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM governance_approvalrequest r WHERE r.id = NEW.request_id
                       AND r.state = 'open' AND r.payload_hash = NEW.payload_hash AND r.person <> NEW.person
                       AND r.person <> NEW.holder AND NEW.at < r.expires_at) THEN
            RAISE EXCEPTION 'this vote is not one on an open request of somebody else'
                USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER in_time BEFORE INSERT ON governance_approvalvote
    FOR EACH ROW EXECUTE FUNCTION governance_vote_is_cast_in_time();
    CREATE FUNCTION governance_setting_was_approved() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM governance_approvalrequest r
                       WHERE r.id = NEW.request_id AND r.state = 'approved') THEN
            RAISE EXCEPTION 'a setting follows an approval' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER was_approved BEFORE INSERT ON governance_governancesetting
    FOR EACH ROW EXECUTE FUNCTION governance_setting_was_approved();
"""
_UNTIE_FROM_STATE = """
    DROP TRIGGER in_time ON governance_approvalvote; DROP FUNCTION governance_vote_is_cast_in_time();
    DROP TRIGGER was_approved ON governance_governancesetting; DROP FUNCTION governance_setting_was_approved();
"""

_FREEZE_DELEGATIONS = f"""
    CREATE FUNCTION governance_delegation_only_ends() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' OR OLD.ended_at IS NOT NULL
           OR {_row("NEW", _PROMISED)} IS DISTINCT FROM {_row("OLD", _PROMISED)} THEN
            RAISE EXCEPTION 'a delegation only ends, once' USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER only_ends BEFORE UPDATE OR DELETE ON governance_delegation
    FOR EACH ROW EXECUTE FUNCTION governance_delegation_only_ends();
"""
_THAW_DELEGATIONS = """
    DROP TRIGGER only_ends ON governance_delegation; DROP FUNCTION governance_delegation_only_ends();
"""


class Migration(migrations.Migration):
    dependencies: ClassVar = [("governance", "0001_initial")]
    operations: ClassVar = [
        *[
            rls.protect(table)
            for table in (
                "governance_approvalrequest",
                "governance_approvalvote",
                "governance_delegation",
                "governance_governancesetting",
            )
        ],
        rls.append_only("governance_approvalvote"),
        rls.append_only("governance_governancesetting"),
        migrations.RunSQL(_FREEZE_REQUESTS, _THAW_REQUESTS),
        migrations.RunSQL(_TIE_TO_STATE, _UNTIE_FROM_STATE),
        migrations.RunSQL(_FREEZE_DELEGATIONS, _THAW_DELEGATIONS),
    ]
