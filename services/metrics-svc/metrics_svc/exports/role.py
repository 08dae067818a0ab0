"""The database role of BI tools: it reads the views, and nothing else."""

import base64
import hashlib
import hmac
import secrets
from contextlib import suppress
from typing import Any

import asyncpg

from metrics_svc.exports import views
from metrics_svc.exports.views import MARK, ROLE, SCHEMA, quoted
from shared.db.tx import Tx

_ROLE_MARK = "Clinch's role for BI tools: it reads the views of the schema bi"
_NEEDED = "metrics-svc's database has no tables of facts: bring its schema up first, by starting Clinch or by `migrate`."
_SETTINGS = {
    "search_path": SCHEMA,
    "default_transaction_read_only": "on",
    "statement_timeout": "60s",
    "idle_in_transaction_session_timeout": "60s",
}
"""What its sessions begin with. They and an administrator may set other values; what they may read does not depend on these."""
_ITERATIONS = 4096


class NotPossible(Exception):
    """Why the role cannot be made or removed, in one sentence."""


def new_password() -> str:
    return secrets.token_urlsafe(24)


def verifier(password: str) -> str:
    """What Postgres keeps of a password (SCRAM-SHA-256, RFC 5802), so that the password itself is in no statement and no log."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _ITERATIONS)
    client = hmac.digest(salted, b"Client Key", "sha256")
    server = hmac.digest(salted, b"Server Key", "sha256")
    stored, server_key, shown = (base64.b64encode(part).decode() for part in (hashlib.sha256(client).digest(), server, salt))
    return f"SCRAM-SHA-256${_ITERATIONS}:{shown}${stored}:{server_key}"


async def enable(tx: Tx, password: str) -> bool:
    """Make the role, or give it this password, and make the views; whether the role is ours.

    One that somebody else has made is only allowed to read them. `NotPossible` where this user may not do it.
    """
    owner = await tx.value("SELECT quote_ident(tableowner) FROM pg_tables WHERE schemaname = 'public' AND tablename = 'deal_fact'")
    if owner is None:
        raise NotPossible(_NEEDED)
    said = await tx.value("SELECT obj_description(to_regnamespace($1), 'pg_namespace')", SCHEMA)
    there = await views.are_there(tx)
    if there and not str(said).startswith(MARK):
        raise NotPossible(f"There is a schema {SCHEMA} in this database already, which Clinch did not make: rename it first.")
    try:
        ours = await _role(tx, password)
        if not there:
            await tx.execute(f"CREATE SCHEMA {SCHEMA} AUTHORIZATION {owner}")
        database = await tx.value("SELECT quote_ident(current_database())")
        await tx.execute(f"GRANT CONNECT ON DATABASE {database} TO {ROLE}; SET LOCAL ROLE {owner}")
        await views.drop(tx)
        await views.make(tx)
        await tx.execute("RESET ROLE")
    except asyncpg.InsufficientPrivilegeError as error:
        raise NotPossible(f"This database user may not make the role ({error}): name one who may.") from None
    return ours


async def _role(tx: Tx, password: str) -> bool:
    kept = f"PASSWORD '{verifier(password)}'"
    if await tx.value("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", ROLE):
        ours = await _is_ours(tx)
        if ours:
            await tx.execute(f"ALTER ROLE {ROLE} {kept}")
        return ours
    await tx.execute(f"CREATE ROLE {ROLE} LOGIN NOINHERIT CONNECTION LIMIT 20 {kept}; COMMENT ON ROLE {ROLE} IS {quoted(_ROLE_MARK)}")
    for name, value in _SETTINGS.items():
        await tx.execute(f"ALTER ROLE {ROLE} SET {name} = '{value}'")
    return True


async def disable(tx: Tx) -> bool:
    """Remove the views and our role; whether there was anything. Its sessions end."""
    ours = await _is_ours(tx)
    there = await views.are_there(tx)
    try:
        if there:
            await tx.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        if ours:
            with suppress(asyncpg.InsufficientPrivilegeError):  # without, its sessions stay, and read nothing any more
                async with tx.savepoint():
                    await tx.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = $1", ROLE)
            database = await tx.value("SELECT quote_ident(current_database())")
            await tx.execute(f"REVOKE ALL ON DATABASE {database} FROM {ROLE}; DROP ROLE {ROLE}")
    except asyncpg.InsufficientPrivilegeError as error:
        raise NotPossible(f"This database user may not remove the role ({error}): name one who may.") from None
    except asyncpg.DependentObjectsStillExistError:
        raise NotPossible(f"The role {ROLE} has rights in another database: take them from it there first.") from None
    return ours or there


async def elsewhere(tx: Tx) -> list[str]:
    """Other databases that the role may connect to. It reads nothing in them, and need not get there."""
    others = "SELECT datname FROM pg_database WHERE datallowconn AND datname <> current_database()"
    rows = await tx.rows(f"{others} AND has_database_privilege($1, oid, 'CONNECT')", ROLE)
    return sorted(row["datname"] for row in rows)


async def _is_ours(tx: Tx) -> bool:
    said: Any = await tx.value("SELECT shobj_description(oid, 'pg_authid') FROM pg_roles WHERE rolname = $1", ROLE)
    return bool(said == _ROLE_MARK)
