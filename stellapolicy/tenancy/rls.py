"""Row-level security: the second lock on the rows of a tenant, in the database itself."""

from django.db.migrations.operations import RunSQL

# Tables with a tenant that are read before the tenant is known, or claimed across tenants. Each says why.
EXEMPT = {
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
