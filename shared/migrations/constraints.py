"""Foreign keys and CHECKs for tables that hold rows already: added first, which looks at new rows only, validated in a later revision.

Adding holds a lock for a moment; validating reads the whole table, and lets others go on meanwhile. So that rows of long ago stop no
upgrade, a constraint that some of them break stays as it is: it holds for new rows, and `clinch verify` lists the old ones.
"""

from alembic import op
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

_OPEN = "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(:name) AND NOT convalidated AND contype IN ('c', 'f') ORDER BY 1"


def add_reference(table: str, column: str, to: str) -> None:
    """`add_reference("milestone", "contract_id", to="contract")`: what it refers to is there. An index on the column should be too."""
    op.create_foreign_key(op.f(f"fk_{table}_{column}_{to}"), table, to, [column], ["id"], postgresql_not_valid=True)


def add_check(table: str, name: str, condition: str) -> None:
    """`add_check("milestone", "amount", "amount >= 0")`, as the table declares it: `CheckConstraint("amount >= 0", name="amount")`."""
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition, postgresql_not_valid=True)


def validate(*tables: str) -> None:
    """Validate what was added to these tables; say what stays as it is."""
    connection = op.get_bind()
    for table in tables:
        for name in connection.execute(text(_OPEN), {"name": table}).scalars().all():
            try:
                with connection.begin_nested():
                    op.execute(f'ALTER TABLE "{table}" VALIDATE CONSTRAINT "{name}"')
            except IntegrityError:
                print(f"{name}: some rows of {table} break it; clinch verify lists them. It holds for new rows and those that are changed.")
