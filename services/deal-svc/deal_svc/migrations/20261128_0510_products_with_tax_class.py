"""Products have unit, family, tax class, lead days, stock and cost; prices a floor; quotes their terms."""

import sqlalchemy as sa
from alembic import op

revision = "b41d7c2a90e5"
down_revision = "83d1e6b5f027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "product",
        sa.Column("tax_class", sa.Text(), nullable=True, comment="a class of the policy, which says its percent; null for a percent of its own"),
    )
    op.add_column("product", sa.Column("unit", sa.Text(), nullable=True, comment="what one of it is called, such as user or day"))
    op.add_column("product", sa.Column("family", sa.Text(), nullable=True))
    op.add_column(
        "product",
        sa.Column(
            "lead_days", sa.Integer(), server_default=sa.text("0"), nullable=False, comment="calendar days from the order to the delivery"
        ),
    )
    op.add_column("product", sa.Column("stock", sa.Numeric(18, 4), nullable=True, comment="null where nobody counts it"))
    op.add_column("product", sa.Column("cost", sa.Numeric(18, 4), nullable=True, comment="of one unit, in cost_currency"))
    op.add_column("product", sa.Column("cost_currency", sa.Text(), nullable=True))
    op.add_column(
        "price",
        sa.Column("floor", sa.Numeric(18, 4), nullable=True, comment="the lowest unit price that needs no more than the ordinary authority"),
    )
    op.add_column("quote", sa.Column("terms", sa.Text(), nullable=True, comment="the name of the standard terms"))
    op.add_column("quote", sa.Column("special_terms", sa.Text(), nullable=True, comment="what departs from them"))
    # The classes that the policy begins with; a percent that none of them has stays the product's own.
    op.execute(
        "UPDATE product SET tax_class = known.code FROM (VALUES ('standard', 13), ('reduced', 9), ('services', 6), ('simple', 3), ('zero', 0)) "
        "AS known (code, percent) WHERE product.tax_percent = known.percent"
    )
    # The columns are new, so no row can break these.
    op.create_check_constraint(op.f("ck_product_lead_days"), "product", "lead_days >= 0")
    op.create_check_constraint(op.f("ck_product_stock"), "product", "stock >= 0")
    op.create_check_constraint(op.f("ck_product_cost"), "product", "cost >= 0 AND (cost IS NULL) = (cost_currency IS NULL)")
    op.create_check_constraint(op.f("ck_price_floor"), "price", "floor >= 0 AND floor <= unit_price")


def downgrade() -> None:
    for name in ("special_terms", "terms"):
        op.drop_column("quote", name)
    op.drop_column("price", "floor")
    for name in ("cost_currency", "cost", "stock", "lead_days", "family", "unit", "tax_class"):
        op.drop_column("product", name)
