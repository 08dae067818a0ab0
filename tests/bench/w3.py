"""W3: create a lead that is scored, compared with all others and given to somebody by rules, against the same without any rules (W1)."""

from collections.abc import Iterator
from hashlib import md5
from itertools import count

import orjson

from lead_svc.service import service
from shared.auth.actor import person_id
from shared.ids import external_id, new_id
from tests.bench.compare import Progress, Side, compare, throughput
from tests.bench.load import request
from tests.bench.report import Result
from tests.bench.rescoring import model
from tests.bench.stage import Stage, run_sql

_SELLERS = [f"rep-{n}" for n in range(5)]
_FIRST, _LAST = ("Ina", "Jan", "Mia", "Lin", "Tom", "Eva", "Max"), ("Petersen", "Schulz", "Berger", "Chen", "Novak", "Rossi")
_REGIONS = ("EMEA", "APAC", "AMER")
_ASSIGNMENT = {
    "capacity": 100_000,
    "rules": [
        {"name": "hot", "conditions": [{"field": "score", "op": "at_least", "values": [95]}], "people": [{"person": "rep-0"}]},
        {"name": "sellers", "people": [{"person": name} for name in _SELLERS]},
    ],
}
POLICIES = {"scoring": model(1), "duplicates": {"compares": True}, "assignment": _ASSIGNMENT}
ACTIVE = """
INSERT INTO policy_version (id, name, number, state, document, based_on, running, author_id, created_at, updated_at, version)
VALUES (gen_random_uuid(), '{}', 1, 'active', '{}', 0, 'keep', gen_random_uuid(), now(), now(), 1)
"""
_SELLER = "INSERT INTO roster (person_id, role, team_id, team_path, version) VALUES ('{0}', 'rep', '{1}', ARRAY['{1}']::uuid[], 1)"


def _lead(n: int) -> dict[str, str]:
    """Each is somebody else; one in ten is known already, by the address."""
    who = n - 7 if n % 10 == 9 else n
    first, last = _FIRST[who % 7], _LAST[who % 6]
    company = md5(str(who).encode()).hexdigest()[:8]  # names that have nothing in common
    return {
        "source": "trade_show",
        "title": f"Two lines, {n} seats",
        "company": f"{company} Logistik GmbH",
        "contact_name": f"{first} {last}",
        "email": f"{first}.{last}@{company}.example".lower(),
        "phone": f"+49 40 {who:07}",
        "job_title": "managing director" if n % 4 else "buyer",
        "region": _REGIONS[n % 3],
        "size": "51-200",
    }


async def ruled(stage: Stage) -> str:
    """A database in which the rules are active, and people to assign to."""
    url = await stage.database(service)
    team = external_id("team", "sales")
    active = [ACTIVE.format(name, orjson.dumps(document).decode()) for name, document in POLICIES.items()]
    await run_sql(url, *active, *[_SELLER.format(person_id(name), team) for name in _SELLERS])
    return url


async def measure(stage: Stage, rounds: int, progress: Progress) -> list[Result]:
    token = stage.token("marketing")

    def side() -> "Iterator[Iterator[bytes]]":
        numbers = count(1)
        while True:
            yield _requests(token, numbers)

    with_rules, without = side(), side()
    ruled_url, plain = await ruled(stage), await stage.database(service)
    async with stage.service(service, ruled_url) as server, stage.service(service, plain) as other:
        ours = Side("with rules", server, lambda _: next(with_rules))
        measured = await compare(ours, Side("without", other, lambda _: next(without)), rounds, progress)
    what = "create a lead: scored, compared, assigned by rules"
    return [throughput("W3", what, "itself with no rules active", measured, goal=1 / 1.6)]


def _requests(token: str, numbers: "count[int]") -> Iterator[bytes]:
    while True:
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": str(new_id())}
        yield request("POST", "/v1/leads", headers, orjson.dumps(_lead(next(numbers))))
