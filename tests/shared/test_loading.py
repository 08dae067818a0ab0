"""What a service does not load before somebody asks for it: it costs memory and time at every start."""

import subprocess
import sys


def test_the_days_of_the_world_are_not_loaded_before_somebody_asks() -> None:
    code = "import sys, lead_svc.service, shared.policy.calendar; sys.exit('holidays' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
