"""What `clinch up` prints at its end works in any terminal."""

from pathlib import Path

import pytest

from clinch.run.folder import DataFolder
from clinch.run.settings import Embedded
from clinch.run.up import _first_steps


def test_the_lines_name_the_data_folder_also_when_the_environment_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pasted into another terminal they would stop the default system otherwise."""
    monkeypatch.setenv("CLINCH_DATA", str(tmp_path))
    steps = _first_steps(Embedded(DataFolder(tmp_path), 8110))
    assert [line for line in steps.splitlines() if "clinch" in line and f"--data {tmp_path}" not in line] == []
    assert f"down --data {tmp_path}" in steps


def test_with_an_identity_provider_no_development_token_is_promised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINCH_ISSUER", "https://login.example.com/realms/sales")
    steps = _first_steps(Embedded(DataFolder(tmp_path), 8110))
    assert "token --role" not in steps
    assert "from your identity provider, https://login.example.com/realms/sales" in steps
    assert 'curl -s "http://127.0.0.1:8110/v1/leads?limit=3" -H "Authorization: Bearer $token"' in steps
