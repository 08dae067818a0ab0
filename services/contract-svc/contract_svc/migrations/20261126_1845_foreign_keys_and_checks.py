"""Refer to what is there, and keep amounts, days and ranges within their limits."""

from shared.migrations.constraints import add_check, add_reference

revision = "5b0e7c41a9d2"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_reference("milestone", "contract_id", to="contract")
    add_reference("payment", "contract_id", to="contract")
    add_reference("allocation", "payment_id", to="payment")
    add_reference("allocation", "milestone_id", to="milestone")
    add_check("contract", "total", "total >= 0")
    add_check("contract", "fx", "fx >= 0")
    add_check("contract", "revision", "revision > 0")
    add_check("contract", "term", "ends_on >= starts_on")
    add_check("contract", "acceptance", "acceptance_due_day >= live_on")
    add_check("milestone", "position", "position > 0")
    add_check("milestone", "percent", "percent >= 0 AND percent <= 100")
    add_check("milestone", "due_days", "due_days >= 0")
    add_check("milestone", "amounts", "amount >= 0 AND paid >= 0 AND waived >= 0 AND paid + waived <= amount")
    add_check("payment", "amounts", "amount > 0 AND credit >= 0 AND credit <= amount")
    add_check("payment", "reversal", "reversed_at >= received_at")
    add_check("allocation", "amount", "amount > 0")
