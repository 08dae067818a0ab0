"""the company's zone and currency"""

from shared.migrations.company import create_company

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_company()
