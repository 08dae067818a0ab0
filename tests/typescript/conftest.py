"""Without Node.js, one line says so instead of the tests."""

import os
import shutil

import pytest


def pytest_sessionstart() -> None:
    if shutil.which("npm") is None:
        pytest.exit(
            "The TypeScript client was not tested: npm is missing (install Node.js 20).", returncode=int(os.environ.get("CI") == "true")
        )
