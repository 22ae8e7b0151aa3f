"""Two roles on PostgreSQL: one owns and makes the tables, the other serves and cannot change what is append-only."""

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, text

from app.db.protection import Protected
from app.kernel.errors import StartRefused

_ROLE = text(
    "SELECT rolsuper OR rolname = current_user OR pg_has_role(rolname, current_user, 'MEMBER') FROM pg_roles"
    " WHERE rolname = :role"
)
_MAY = text(
    "SELECT pg_has_role(relowner, 'MEMBER') OR has_table_privilege(oid, :changes) FROM pg_class"
    " WHERE oid = to_regclass(:table)"
)


def let_serve(connection: Connection, role: str, protected: Protected, read_only: Iterable[str]) -> None:
    """Grants a role what serving needs, and takes from it the changes that protected tables refuse.

    Run as the owner, after each migration; safe to run again. Raises `StartRefused` for a role that does not exist or
    that is no weaker than the owner.
    """
    powerful = connection.scalar(_ROLE, {"role": role})
    if powerful is None:
        raise StartRefused(f"SHIMING_DATABASE_ROLE: PostgreSQL has no role {role}. Make it with CREATE ROLE ... LOGIN.")
    if powerful:
        raise StartRefused(
            f"SHIMING_DATABASE_ROLE: {role} can do all that the owner of the tables can. Name a role of its own, and"
            " run `shiming init` with the owner's SHIMING_DATABASE_URL."
        )
    quote = connection.dialect.identifier_preparer.quote
    to, schema = quote(role), quote(str(connection.scalar(text("SELECT current_schema()"))))
    taken = {**protected_changes(protected), **dict.fromkeys(read_only, "INSERT, UPDATE, DELETE, TRUNCATE")}
    for statement in (
        f"GRANT USAGE ON SCHEMA {schema} TO {to}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {to}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {to}",
        *(f"REVOKE {changes} ON {table} FROM {to}" for table, changes in taken.items()),
    ):
        connection.exec_driver_sql(statement)


def changeable(connection: Connection, protected: Protected) -> list[str]:
    """Of the protected tables those that the role of this connection may change, or whose triggers it may take away."""
    return [
        table
        for table, changes in protected_changes(protected).items()
        if connection.scalar(_MAY, {"table": table, "changes": changes})
    ]


def protected_changes(protected: Protected) -> Mapping[str, str]:
    """As `GRANT` lists them."""
    return {table: ", ".join(changes) for table, changes in protected.items()}
