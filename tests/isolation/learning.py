"""What there is, as the one who sees everything and the event tables tell it: what the oracle decides by."""

from typing import Any

from tests.isolation.asking import Asker
from tests.isolation.oracle import Known, Record
from tests.isolation.people import PEOPLE

STATES = {"lead": "state", "account": "tier", "deal": "stage", "contract": "state"}
CREATED = """
SELECT subject::text, actor_id::text FROM event
WHERE aggregate = ANY($1) AND version = 1 AND data->>'owner_id' IS DISTINCT FROM actor_id::text
"""
"""Who entered what others own, or nobody. Whoever entered it for themselves has it as its owner, until it is another's."""
PARTS = """
SELECT subject::text, type LIKE '%added%' AS added, data->>'person_id' AS person, data->>'part' AS part FROM event
WHERE type LIKE '%.member\\_%'
ORDER BY subject, version
"""


async def learn(asker: Asker) -> Known:
    asker.forget()
    keys = {asker.world.id(key): key for key in PEOPLE}
    known = Known()
    teams = {team["id"]: team["external_id"] for team in (await asker.all_of("/v1/team/teams")).items}
    for person in (await asker.all_of("/v1/team/people")).items:
        known.teams[keys[person["id"]]] = teams.get(person["team_id"])
    parts = await _parts(asker, keys)
    for kind, path in (("account", "/v1/accounts"), ("lead", "/v1/leads"), ("deal", "/v1/deals"), ("contract", "/v1/contracts")):
        for item in (await asker.all_of(path)).items:
            known.records[item["id"]] = Record(
                kind,
                item["id"],
                owner=keys[item["owner_id"]] if item["owner_id"] else None,
                account=None if kind == "account" else item["account_id"],
                state=str(item[STATES[kind]]),
                deal=item["deal_id"] if kind == "contract" or (kind == "lead" and item["state"] == "converted") else None,
                parts=frozenset(parts.get(item["id"], ())),
            )
    known.in_approval = {r.deal for r in known.records.values() if r.kind == "contract" and r.state == "in_review" and r.deal}
    return known


async def _parts(asker: Asker, keys: dict[str, str]) -> dict[str, set[str]]:
    """Of each record, who entered it and who is in its team."""
    system: Any = asker.world.svc
    found: dict[str, set[str]] = {}
    members: dict[tuple[str, str, str], bool] = {}
    for service in system.services.values():
        async with service.db.connection() as conn:
            for subject, actor in await conn.fetch(CREATED, ["lead", "account", "deal", "contract"]):
                if (key := keys.get(actor)) and "service" not in PEOPLE[key].roles:
                    found.setdefault(subject, set()).add(key)
            for subject, added, person, part in await conn.fetch(PARTS):
                members[subject, person, part] = added
    for (subject, person, _), added in members.items():
        if added:
            found.setdefault(subject, set()).add(keys[person])
    return found
