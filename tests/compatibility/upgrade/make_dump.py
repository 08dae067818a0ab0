"""Keeps a running folder as a dump that later releases are upgraded from, with what it answers: see README.md."""

import json
import lzma
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from clinch.run.folder import DataFolder
from clinch.run.people import SAMPLE_PEOPLE
from clinch.run.postgres import binaries
from clinch.run.settings import DATABASES, Embedded

DUMPS = Path(__file__).parent / "dumps"
ASK_FOR = ("dev-admin", "dev-manager", "dev-rep", "dev-rep-3")
PEOPLE = {person.key: person.role.value for person in SAMPLE_PEOPLE if person.key in ASK_FOR}
DIMENSIONS = ("source", "owner", "team", "product", "region")
PERIOD = "from=2026-03-01&to=2026-11-01"
ALL_THAT_A_FIGURE_TAKES = ("", f"?{PERIOD}", "?as_of=2026-09-30", f"?{PERIOD}&by=source", *[f"?by={name}" for name in DIMENSIONS])
LISTS = ("leads", "deals", "contracts", "quotes", "payments", "accounts", "contacts", "products", "team/people", "team/teams")
JOBS = ("imports/leads", "imports/deals", "webhooks")
AGAIN = {"key": "made-for-the-dump", "path": "/v1/leads", "body": {"source": "trade_show", "company": "Asked Twice Co"}}
"""A request that is sent again after the upgrade."""


def main(data: str, name: str) -> None:
    run = DataFolder(Path(data)).run()
    assert run, f"start it first: clinch up --data {data}"
    (into := DUMPS / name).mkdir(parents=True, exist_ok=True)
    with httpx.Client(base_url=f"http://127.0.0.1:{run.port}", timeout=60) as http:
        api = Api(http)
        again = api.ask("dev-rep", AGAIN["path"], method="POST", json=AGAIN["body"], headers={"Idempotency-Key": AGAIN["key"]})
        subprocess.run([Path(sys.executable).with_name("clinch"), "verify", "--rebuild", "--data", data], check=True)
        answers = {f"{who} {path}": api.ask(who, path) for who, path in questions(api)}
    made = {"people": PEOPLE, "again": AGAIN | {"answer": again}, "answers": answers}
    _keep(into / "answers.json.xz", json.dumps(made, indent=0))
    _keep(into / "databases.sql.xz", "".join(dumped(Embedded(DataFolder(Path(data)), run.port))))
    print(f"{len(answers)} answers", *[f"{file.name}: {file.stat().st_size:,} bytes" for file in into.iterdir()], sep="\n")


class Api:
    def __init__(self, http: httpx.Client) -> None:
        self._http = http
        self._tokens: dict[str, str] = {}

    def ask(self, who: str, path: str, method: str = "GET", headers: dict[str, str] | None = None, **more: Any) -> Any:
        if who not in self._tokens:
            given = self._http.post("/dev-issuer/token", json={"role": None, "sub": who})
            self._tokens[who] = given.json()["access_token"]
        answer = self._http.request(method, path, headers={"Authorization": f"Bearer {self._tokens[who]}"} | (headers or {}), **more)
        assert answer.is_success, (who, path, answer.text)
        return answer.json()


def questions(api: Api) -> Iterator[tuple[str, str]]:
    """Who asks what."""
    kpis = [f"kpis/{kpi['name']}" for kpi in api.ask("dev-admin", "/v1/metrics/kpis")["items"]]
    for figure in (*kpis, "funnel", "flow", "pipeline"):
        for who in ASK_FOR:
            for asked in ALL_THAT_A_FIGURE_TAKES if who == "dev-admin" else ("", "?by=owner"):
                if figure != "pipeline" or "=2026" not in asked:
                    yield who, f"/v1/metrics/{figure}{asked}"
    for figure in kpis:
        yield "dev-admin", f"/v1/metrics/{figure}?grain=month&from=2026-01-01&to=2026-12-01"
        yield "dev-admin", f"/v1/metrics/{figure}/records?limit=100"
    yield "dev-admin", "/v1/metrics/funnel?mature_only=true"
    for name in (*LISTS, *JOBS):
        for who in ("dev-admin",) if name in JOBS else ("dev-admin", "dev-manager", "dev-rep"):
            yield who, f"/v1/{name}?limit={20 if name in JOBS else 200}"
    for name in ("leads", "deals", "contracts"):
        for record in api.ask("dev-admin", f"/v1/{name}?limit=200")["items"]:
            yield "dev-admin", f"/v1/{name}/{record['id']}"
            yield "dev-admin", f"/v1/{name}/{record['id']}/timeline?limit=200"


def dumped(run: Embedded) -> Iterator[str]:
    """All databases, one after the other, as SQL for psql."""
    for database in DATABASES:
        # What the log and the feed hold has stood in the events before, which xz sees.
        command = [binaries() / "pg_dump", "--create", "--no-owner", "--dbname", run.postgres().url(database)]
        yield subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _keep(path: Path, text: str) -> None:
    path.write_bytes(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))


if __name__ == "__main__":
    main(*sys.argv[1:])
