"""`docker compose up`, and what can happen to the containers afterwards."""

import time
from collections.abc import Iterator
from itertools import product

import httpx
import pytest

from clinch.client.token import fetch
from tests.clinch.walk import STEPS, walk
from tests.containers.project import USERS, Project, eventually

PARTITIONS = """
import asyncio
from shared.log.bus import open_bus
async def count():
    bus = open_bus("kafka://kafka:9092")
    print(len(await bus.end_offsets(["clinch.lead.events.v1"])))
    await bus.stop()
asyncio.run(count())
"""
ADMITTED = """
for user in lead deal contract metrics; do for database in lead deal contract metrics postgres template1; do
  PGPASSWORD=only-for-$user psql -h postgres -U $user -d $database -tAc 'SELECT 1' > /dev/null 2>&1 && echo "$user $database"
  PGPASSWORD=wrong psql -h postgres -U $user -d $database -tAc 'SELECT 1' > /dev/null 2>&1 && echo "$user $database without a password"
done; done
"""


@pytest.fixture
def rep(project: Project) -> Iterator[httpx.Client]:
    with project.client(fetch(project.url, "rep")[0]) as client:
        yield client


def funnel(client: httpx.Client) -> dict[str, int]:
    steps = client.get("/v1/metrics/funnel").raise_for_status().json()["total"]["steps"]
    return {step["step"]: step["n"] for step in steps}


def test_the_walk_goes_from_the_lead_to_the_cash(project: Project, rep: httpx.Client) -> None:
    walk(project.url, project.environment())  # its own funnel is a second old, which a busy machine may need longer for
    eventually(lambda: funnel(rep) == dict.fromkeys(STEPS, 1))


def test_topics_were_made_with_the_partitions_asked_for_and_are_made_once(project: Project) -> None:
    assert project.compose("exec", "-T", "lead-worker", "python", "-c", PARTITIONS).strip() == "6"
    assert "clinch.lead.events.v1" in project.compose("run", "--rm", "--no-deps", "-T", "lead-topics")


def test_each_database_takes_its_own_user_only(project: Project) -> None:
    admitted = project.compose("exec", "-T", "postgres", "bash", "-c", ADMITTED, check=False).splitlines()
    assert admitted == [f"{user} {user}" for user in USERS]


def test_our_containers_can_do_little(project: Project) -> None:
    for service in (*(f"{user}-{process}" for user, process in product(USERS, ("api", "worker"))), "front", "gateway"):
        container = project.inspect(service)
        host = container["HostConfig"]
        assert container["Config"]["User"].split(":")[0] in ("10001", "101"), service
        assert (host["ReadonlyRootfs"], host["CapDrop"], host["Privileged"]) == (True, ["ALL"], False), service
        assert host["Memory"] > 0, service
        assert host["LogConfig"]["Config"]["max-size"], service
        published = [binding for bindings in host["PortBindings"].values() for binding in bindings]
        assert [binding["HostIp"] for binding in published] == (["127.0.0.1"] if service == "gateway" else [])
    tried = "id -u; touch /app/x; touch /packages/x; touch /tmp/x && echo tmp; command -v pip"
    assert project.compose("exec", "-T", "deal-api", "sh", "-c", tried, check=False).split() == ["10001", "tmp"]


def test_the_gateway_refuses_a_body_that_is_too_long(rep: httpx.Client) -> None:
    answer = rep.post("/v1/leads", content=b"x" * 1_100_000)
    assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    assert answer.json()["code"] == "too_large"


def test_an_event_streams_through_the_gateway_while_the_answer_is_open(rep: httpx.Client) -> None:
    with rep.stream("GET", "/v1/stream") as stream:
        assert stream.status_code == 200
        lead = {"source": "website", "company": "Streamed", "contact_name": "Lin Tao", "email": "streamed@example.com"}
        made = rep.post("/v1/leads", json=lead, headers={"Idempotency-Key": "streamed"}).raise_for_status().json()
        deadline = time.monotonic() + 60
        for line in stream.iter_lines():  # signs of life come every 15 s
            assert time.monotonic() < deadline
            if line.startswith("data:") and made["id"] in line:
                break


def test_an_api_that_stops_ends_well_and_leaves_the_others_alone(project: Project, rep: httpx.Client) -> None:
    project.compose("stop", "lead-api")
    state = project.inspect("lead-api")["State"]
    assert (state["ExitCode"], state["OOMKilled"]) == (0, False)
    answer = rep.get("/v1/leads")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "unavailable", "2")
    assert rep.get("/v1/deals").status_code == 200
    project.compose("start", "lead-api")
    eventually(lambda: rep.get("/v1/leads").status_code == 200)


def test_a_token_outlives_a_new_container_of_its_issuer(project: Project, rep: httpx.Client) -> None:
    keys = httpx.get(f"{project.url}/dev-issuer/jwks").raise_for_status().json()
    project.compose("up", "--detach", "--wait", "--force-recreate", "--no-deps", "front")
    eventually(lambda: httpx.get(f"{project.url}/dev-issuer/jwks").is_success)
    assert httpx.get(f"{project.url}/dev-issuer/jwks").json() == keys
    assert rep.get("/v1/leads").status_code == 200


def test_events_of_a_time_without_kafka_arrive_afterwards(project: Project, rep: httpx.Client) -> None:
    captured = rep.get("/v1/leads", params={"limit": 1, "count": "exact"}).json()["count"]
    eventually(lambda: funnel(rep)["F1"] == captured)  # those of the tests before are all counted
    project.compose("kill", "-s", "KILL", "kafka")
    for n in range(20):
        lead = {"source": "website", "company": f"Outage {n}", "contact_name": "Lin Tao", "email": f"lin{n}@example.com"}
        made = rep.post("/v1/leads", json=lead, headers={"Idempotency-Key": f"outage-{n}"})
        assert made.status_code == 201, made.text
    project.compose("start", "kafka")
    seconds = eventually(lambda: funnel(rep)["F1"] >= captured + 20, 240)
    print(f"20 leads captured without Kafka: all in the funnel {seconds:.0f} s after its start")
    left = ["psql", "-U", "postgres", "-d", "lead", "-tAc", "SELECT count(*) FROM outbox"]
    eventually(lambda: project.compose("exec", "-T", "postgres", *left).strip() == "0")
    assert funnel(rep)["F1"] == captured + 20  # none twice
