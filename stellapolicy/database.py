"""How a process reaches PostgreSQL: what is said at connecting, and what must be set in the database instead."""

from typing import Any, Final

SCHEMA: Final = "policy"
_NAMED_BY_DJANGO: Final = frozenset({"dbname", "user", "password", "host", "port"})


def connection_options(conninfo: dict[str, Any], *, role: str, pooled: bool) -> dict[str, Any]:
    """Return what the driver is given beside name, login and address; parameters of the URL such as TLS stay.

    The schema and, where one is given, the role are chosen as the connection starts. A pooler in transaction mode
    refuses such start-up parameters: behind one, the database itself must name the schema
    (`ALTER DATABASE … SET search_path`) and the login must be the role; a system check says when they do not.

    `conninfo` is a parsed libpq URL; its values are text or whole numbers.
    """
    given = {name: value for name, value in conninfo.items() if name not in _NAMED_BY_DJANGO and value is not None}
    # INVARIANT: nothing prepared in a session is ever relied on; the next transaction may run in another session.
    options: dict[str, Any] = {**given, "prepare_threshold": None}
    if pooled:
        options.pop("options", None)
        return options
    chosen = [str(given.get("options", "")), f"-c search_path={SCHEMA}", f"-c role={role}" if role else ""]
    return {**options, "options": " ".join(part for part in chosen if part)}
