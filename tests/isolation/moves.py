"""Changes of who has what, at random: owners, teams of people, parts in records. After them everybody is asked again."""

from collections.abc import Awaitable, Callable
from random import Random

from tests.isolation.oracle import Known
from tests.isolation.people import PEOPLE, TEAMS
from tests.isolation.world import SELLERS, World

_OPEN = {"lead": {"captured", "mql", "sql", "nurturing"}, "deal": {"discovery", "proposal", "negotiation", "closing"}}
_MOVING = ("ann", "bob", "eve", "wes", "kim", "max", "mia", "pre", "asa", "rhw")


async def _lead(world: World, known: Known, random: Random) -> str:
    lead = random.choice([r.id for r in known.records.values() if r.kind == "lead" and r.state in _OPEN["lead"]])
    to = random.choice([*SELLERS, None])
    await world.post("adm", f"/v1/leads/{lead}/assign", owner_id=to and world.id(to))
    return f"lead {lead} to {to}"


async def _account(world: World, known: Known, random: Random) -> str:
    account = random.choice([r.id for r in known.records.values() if r.kind == "account"])
    to = random.choice([*SELLERS, None])
    await world.do("adm", "PATCH", f"/v1/accounts/{account}", {"owner_id": to and world.id(to)})
    return f"account {account} to {to}"


async def _deal(world: World, known: Known, random: Random) -> str:
    deal = random.choice([r.id for r in known.records.values() if r.kind == "deal" and r.state in _OPEN["deal"]])
    to = random.choice(SELLERS)
    await world.post("adm", f"/v1/deals/{deal}/assign", owner_id=world.id(to))
    return f"deal {deal} to {to}"


async def _team(world: World, known: Known, random: Random) -> str:
    who, to = random.choice(_MOVING), random.choice([*TEAMS, None])
    teams = {team["external_id"]: team["id"] for team in (await world.ask("adm", "GET", "/v1/team/teams", limit=200))["items"]}
    await world.do("adm", "PATCH", f"/v1/team/people/{world.id(who)}", {"team_id": to and teams[to]})
    return f"{who} to the team {to}"


async def _member(world: World, known: Known, random: Random) -> str:
    record = random.choice([r for r in known.records.values() if r.kind in ("account", "deal")])
    who = random.choice(_MOVING)
    way = "DELETE" if who in record.parts else "PUT"
    answer = await world.raw("adm", way, f"/v1/{record.kind}s/{record.id}/members/{world.id(who)}", etag="*")
    return f"{way} {who} as a member of {record.kind} {record.id}: {answer.status_code}"


MOVES: tuple[Callable[[World, Known, Random], Awaitable[str]], ...] = (_lead, _account, _deal, _team, _member)


async def move(world: World, known: Known, random: Random, n: int) -> list[str]:
    """What was changed."""
    assert set(_MOVING) <= PEOPLE.keys()
    return [await random.choice(MOVES)(world, known, random) for _ in range(n)]
