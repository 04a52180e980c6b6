"""Row-level security: the second lock on the rows of a tenant, in the database itself."""

from collections.abc import Mapping, Sequence

from django.db.migrations.operations import RunSQL

# Tables with a tenant that are read before the tenant is known, or claimed across tenants. Each says why.
EXEMPT = {
    "audit_chainverification": "what the daily walk found (tenant, instant, counts) is measured across tenants",
    "access_apitoken": "found by the digest of its secret before the tenant is known",
    "policies_feednotice": "which tenant was told of which change of a feed, found across tenants; no content",
    "gates_gatejob": "queue rows (id, tenant, lease) are claimed across tenants; the payload is protected",
    "policies_run": "queue rows (id, tenant, progress, lease) are claimed across tenants; the content is protected",
    "outbox_delivery": "queue rows (id, tenant, subscriber, lease) are claimed across tenants; the event is protected",
}


def protect(table: str, *, also: str = "") -> RunSQL:
    """Return the migration operation that locks a table to the tenant of the scope.

    `also` is a further SQL condition under which a row may be read (never written).
    """
    own = "tenant_id = NULLIF(current_setting('app.tenant', true), '')::uuid"
    readable = f"({own}) OR ({also})" if also else own
    return RunSQL(
        sql=f"""
            ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY;
            ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY;
            CREATE POLICY tenant_reads ON "{table}" FOR SELECT USING ({readable});
            CREATE POLICY tenant_writes ON "{table}" USING ({own}) WITH CHECK ({own});
        """,
        reverse_sql=f"""
            DROP POLICY tenant_reads ON "{table}";
            DROP POLICY tenant_writes ON "{table}";
            ALTER TABLE "{table}" DISABLE ROW LEVEL SECURITY;
        """,
    )


def append_only(table: str) -> RunSQL:
    """Return the migration operation that refuses UPDATE and DELETE on a table of history."""
    return RunSQL(
        sql=f"""
            CREATE FUNCTION "{table}_is_append_only"() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'integrity_constraint_violation'; END $$;
            CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON "{table}"
            FOR EACH ROW EXECUTE FUNCTION "{table}_is_append_only"();
        """,
        reverse_sql=f"""
            DROP TRIGGER append_only ON "{table}"; DROP FUNCTION "{table}_is_append_only"();
        """,
    )


def frozen(table: str, columns: Sequence[str], *, unless: str = "false") -> RunSQL:
    """Return the migration operation that keeps columns as they were written, and rows from being deleted.

    `unless` is an SQL condition on the row before the change (`OLD`) under which it may still change.
    """
    before, after = ("ROW(" + ", ".join(f'{row}."{column}"' for column in columns) + ")" for row in ("OLD", "NEW"))
    return RunSQL(
        sql=f"""
            CREATE FUNCTION "{table}_is_frozen"() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF {unless} THEN RETURN COALESCE(NEW, OLD); END IF;
                IF TG_OP = 'DELETE' THEN
                    RAISE EXCEPTION '{table} keeps its rows' USING ERRCODE = 'integrity_constraint_violation';
                ELSIF {before} IS DISTINCT FROM {after} THEN
                    RAISE EXCEPTION '{table} never changes' USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER frozen BEFORE UPDATE OR DELETE ON "{table}"
            FOR EACH ROW EXECUTE FUNCTION "{table}_is_frozen"();
        """,
        reverse_sql=f'DROP TRIGGER frozen ON "{table}"; DROP FUNCTION "{table}_is_frozen"();',
    )


def moves(table: str, column: str, legal: Mapping[str, Sequence[str]], *, start: str) -> RunSQL:
    """Return the migration operation that lets a state begin at `start` and move along `legal` steps alone."""
    steps = " OR ".join(
        f'(OLD."{column}" = \'{origin}\' AND NEW."{column}" IN ({", ".join(repr(str(one)) for one in targets)}))'
        for origin, targets in legal.items()
    )
    return RunSQL(
        sql=f"""
            CREATE FUNCTION "{table}_moves"() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'INSERT' AND NEW."{column}" <> '{start}' THEN
                    RAISE EXCEPTION '{table} begins as {start}' USING ERRCODE = 'integrity_constraint_violation';
                ELSIF TG_OP = 'UPDATE' AND OLD."{column}" <> NEW."{column}" AND NOT ({steps}) THEN
                    RAISE EXCEPTION '{table} does not move from % to %', OLD."{column}", NEW."{column}"
                    USING ERRCODE = 'integrity_constraint_violation';
                END IF;
                RETURN NEW;
            END $$;
            CREATE TRIGGER moves BEFORE INSERT OR UPDATE ON "{table}"
            FOR EACH ROW EXECUTE FUNCTION "{table}_moves"();
        """,
        reverse_sql=f'DROP TRIGGER moves ON "{table}"; DROP FUNCTION "{table}_moves"();',
    )


def for_each_tenant(statement: str) -> RunSQL:
    """Return the migration operation that runs a statement in the scope of every tenant.

    Row-level security is forced upon the owner as well: outside a scope a migration would change no row and not say so.
    """
    return RunSQL(
        sql=f"""
            DO $$ DECLARE one uuid; BEGIN
                FOR one IN SELECT id FROM tenancy_tenant ORDER BY id LOOP
                    PERFORM set_config('app.tenant', one::text, true);
                    {statement.strip().rstrip(";")};
                END LOOP;
                PERFORM set_config('app.tenant', '', true);
            END $$;
        """,  # noqa: S608 - a statement of our own migrations
        reverse_sql=RunSQL.noop,
    )
