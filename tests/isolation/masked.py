"""Masked roles learn nothing of what they may not read: no answer of theirs differs between two worlds that differ in that only."""

import json
import re
from collections.abc import Sequence
from typing import Any

from tests.isolation.asking import Asker
from tests.isolation.oracle import Known, masked_people
from tests.isolation.people import Person
from tests.isolation.records import ACTIVE, seen_of, together
from tests.isolation.routes import LISTS, Route

_COLUMNS = """
SELECT table_name, column_name, data_type, udt_name FROM information_schema.columns
WHERE table_schema = 'public' AND (data_type IN ('text', 'json', 'jsonb', 'ARRAY')) AND is_generated = 'NEVER'
AND table_name IN (SELECT tablename FROM pg_tables WHERE schemaname = 'public')
"""
_WORDS = ("hush001", "hulk", "hush003@firm-ann.example")
_TEXTS = {"_text": "text[]"}


async def say(asker: Asker, word: str, instead_of: str) -> None:
    """Change, wherever it is stored, what masked roles may not read; all that they may read of it stays as it is."""
    system: Any = asker.world.svc
    for service in system.services.values():
        async with service.db.connection() as conn, conn.transaction():
            for table, column, type, udt in await conn.fetch(_COLUMNS):
                if type == "ARRAY" and udt not in _TEXTS:
                    continue
                as_type = _TEXTS.get(udt, type)
                changed = f'replace(replace("{column}"::text, $1, $2), initcap($1), initcap($2))::{as_type}'
                like = f"\"{column}\"::text ILIKE '%' || $1 || '%'"
                await conn.execute(f'UPDATE "{table}" SET "{column}" = {changed} WHERE {like}', instead_of, word)


def _questions(found: Sequence[Route], person: Person, ids: dict[str, set[str]]) -> list[tuple[str, dict[str, str]]]:
    """What somebody asks of the kinds that they see masked."""
    found_as = {"lead": "lead", "contact": "account", "deal": "deal", "contract": "contract"}
    searched = [kind for kind, seen_as in found_as.items() if person in masked_people(seen_as)]
    asked = [("/v1/search", {"q": word, "kind": kind}) for kind in searched for word in _WORDS]
    for route in found:
        if route.kind is None or person not in masked_people(route.kind):
            continue
        if route.path in LISTS:
            asked.append((route.path, {"count": "exact", "limit": "200"}))
            for p in route.parameters:
                if p["name"] == "sort":
                    asked += [(route.path, {"sort": by, "limit": "200"}) for by in p["schema"]["enum"]]
                elif _takes_any_text(p):
                    asked += [(route.path, {p["name"]: word, "count": "exact"}) for word in _WORDS]
        elif len(route.names) == 1:
            asked += [(route.path.replace("{" + route.names[0] + "}", id), {}) for id in sorted(ids[route.collection])]
    return asked


def _takes_any_text(parameter: dict[str, Any]) -> bool:
    if parameter["name"] in ("cursor", "fields"):
        return False
    schema = parameter["schema"]
    choices = (schema, schema.get("items", {}), *schema.get("items", {}).get("anyOf", ()))
    return any(c.get("type") == "string" and not c.keys() & {"format", "enum", "const"} for c in choices)


async def _answers(asker: Asker, asked: list[tuple[Person, str, dict[str, str]]]) -> list[str]:
    got = await together(asker.get(person, path, params) for person, path, params in asked)
    return [f"{g.status} " + re.sub(r'"(next_cursor|trace_id)": "[^"]*"', "", json.dumps(g.body, sort_keys=True)) for g in got]


async def masked(asker: Asker, known: Known, found: Sequence[Route]) -> list[str]:
    wholes = {path: await asker.wholes(path) for path in LISTS}
    asked = []
    for person in ACTIVE:
        seen = {path: seen_of(known, person, path, of) for path, of in wholes.items()}
        asked += [(person, path, params) for path, params in _questions(found, person, seen)]
    before = await _answers(asker, asked)
    await say(asker, "hulk", "hush")
    after = await _answers(asker, asked)
    await say(asker, "hush", "hulk")
    wrong = []
    for (person, path, params), one, other in zip(asked, before, after, strict=True):
        if one != other:
            wrong.append(f"{person.key} GET {path} {params}: tells what is masked: {_difference(one, other)}")
        elif "hush" in one.lower():
            wrong.append(f"{person.key} GET {path} {params}: shows what is masked")
    return wrong


def _difference(one: str, other: str) -> str:
    at = next((n for n, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), 0)
    return f"{one[max(0, at - 40) : at + 20]!r} or {other[at : at + 20]!r}"


async def never_read(asker: Asker, found: Sequence[Route]) -> list[str]:
    """The words that not even the one who sees everything reads: with them this test would try nothing."""
    ids = {path: sorted(await asker.wholes(path)) for path in LISTS}
    paths = []
    for route in found:
        if route.path in LISTS:
            paths.append(route.path)
        elif route.kind and len(route.names) == 1:
            paths += [route.path.replace("{" + route.names[0] + "}", id) for id in ids[route.collection]]
    got = await together(asker.get(ACTIVE[0], path, {"limit": "200"} if path in LISTS else {}) for path in paths)
    read = set(re.findall(r"hush\d+", json.dumps([g.body for g in got]).lower()))
    said = {f"hush{n:03}" for n in range(1, asker.world.said + 1)}
    return [f"{word} is shown to nobody" for word in sorted(said - read)]
