-- Makes the roles and the database of an installation; run once by a superuser, in any other database:
--   psql -v owner_password=… -v app_password=… -v backup_password=… -f deploy/database.sql
-- Other names than the usual ones: -v database=… -v owner=… -v app=… -v backup=…
-- owner:  owns the tables; migrates, deletes tenants.
-- app:    web, worker, beat; owns nothing and cannot step over the lock on the rows of a tenant.
-- backup: reads everything for pg_dump, writes nothing.
\set ON_ERROR_STOP on
\if :{?database} \else \set database stella \endif
\if :{?owner} \else \set owner stella_owner \endif
\if :{?app} \else \set app stella_app \endif
\if :{?backup} \else \set backup stella_backup \endif

CREATE ROLE :"owner" LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'owner_password';
CREATE ROLE :"app" LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD :'app_password';
CREATE ROLE :"backup" LOGIN NOSUPERUSER BYPASSRLS PASSWORD :'backup_password';
GRANT pg_read_all_data TO :"backup";

CREATE DATABASE :"database" OWNER :"owner";
-- Said by the database, because a pooler in transaction mode takes no start-up parameters from a client.
ALTER DATABASE :"database" SET search_path = policy;
ALTER DATABASE :"database" SET timezone = 'UTC';
REVOKE CONNECT, TEMPORARY ON DATABASE :"database" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"database" TO :"app";
GRANT CONNECT ON DATABASE :"database" TO :"backup";
