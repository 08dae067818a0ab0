"""Every type of event that was ever told, through CloudEvents' official SDK for JavaScript, which asks more than the one for Python."""

from pathlib import Path
from uuid import UUID

import orjson

from shared.events.envelope import headers, read_time, structured
from tests.compatibility.samples import GOLDEN
from tests.typescript.test_client import CLIENT, run


def test_the_javascript_sdk_accepts_every_event(tmp_path: Path) -> None:
    samples = sorted(GOLDEN.glob("*.json"))
    file = tmp_path / "events"
    file.write_bytes(b"\n".join(_told(orjson.loads(sample.read_bytes())) for sample in samples))
    run(CLIENT, "npm", "ci", "--no-audit", "--no-fund")
    said = run(CLIENT, "node", str(Path(__file__).parent / "accepts.mjs"), str(file))
    assert said == f"{len(samples)}\n"
    assert len(samples) > 150


def _told(sample: dict[str, dict[str, str]]) -> bytes:
    """The sample as a system of today tells it, whose public URL is set."""
    old = sample["headers"]
    made = headers(
        id=UUID(old["ce_id"]),
        type=old["ce_type"],
        subject=UUID(old["ce_subject"]),
        version=int(old["ce_sequence"]),
        time=read_time(old["ce_time"]),
        traceparent=old.get("traceparent"),
        publisher=old["ce_source"].removeprefix("/clinch/"),
        public_url="https://clinch.example.com",
    )
    event = structured(made, orjson.dumps(sample["data"]))
    return orjson.dumps({"structured": orjson.loads(event), "headers": made, "data": sample["data"]})
