"""What the command line waits for before it does anything."""

import subprocess
import sys

HEAVY = ("fastapi", "sqlalchemy", "alembic", "asyncpg", "aiokafka", "lead_svc", "deal_svc", "contract_svc", "metrics_svc", "httpx", "yaml")


def test_no_command_waits_for_what_only_others_use() -> None:
    """Every command, also `clinch token` and `clinch up`, first imports all the others."""
    found = f"import sys, clinch.main; print(*(name for name in {HEAVY} if name in sys.modules))"
    done = subprocess.run([sys.executable, "-c", found], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
