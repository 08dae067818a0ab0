"""What hangs on a deal or a product cannot be without it; amounts, percents and days keep within their limits."""

from shared.migrations.constraints import add_check, add_reference

revision = "74642a2a2a27"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("quote", "spin_entry", "committee_member", "proposal", "deal_lead"):
        add_reference(table, "deal_id", to="deal")
    add_reference("price", "product_id", to="product")
    add_check("deal", "amount", "amount >= 0")
    add_check("deal", "fx", "fx > 0")
    add_check("deal", "probability", "probability >= 0 AND probability <= 100")
    add_check("deal", "cycle", "cycle > 0")
    add_check("quote", "amounts", "list_total >= 0 AND net >= 0 AND tax >= 0 AND total >= 0")
    add_check("quote", "fx", "fx > 0")
    add_check("quote", "total_discount", "total_discount_percent >= 0 AND total_discount_percent <= 100")
    add_check("quote", "discount", "discount_percent >= 0 AND discount_percent <= 100")
    add_check("quote", "revision", "revision > 0")
    add_check("product", "tax", "tax_percent >= 0 AND tax_percent <= 100")
    add_check("price", "amount", "unit_price >= 0")
    add_check("price", "days", "valid_to >= valid_from")
    add_check("proposal", "number", "number > 0")
