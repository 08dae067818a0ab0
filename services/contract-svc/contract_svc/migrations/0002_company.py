"""the company's zone and currency"""

from shared.migrations.company import create_company

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_company()
