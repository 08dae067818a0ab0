"""Exports: those who take all that they see get every row that counts for them, everybody else what is credited to them."""

import csv
import io
from collections import Counter

from tests.isolation.asking import Asker
from tests.isolation.figures import ALL, counts
from tests.isolation.oracle import Known
from tests.isolation.people import PEOPLE, Person
from tests.isolation.records import ACTIVE

TAKERS = {"director", "admin", "finance", "sales_ops"}
KINDS = {
    "lead": ("leads", "lead_goals", "lead_touches", "interactions", "lead_prompts", "spend"),
    "deal": (
        *("deals", "deal_amounts", "deal_outcomes", "deal_stages", "deal_goals", "deal_wins", "quiet_deals"),
        *("quotes", "quote_approvals", "deadlines"),
    ),
    "cash": ("payments", "milestones", "allocations"),
}


async def exports(asker: Asker, known: Known) -> list[str]:
    listed = {one["name"] for one in (await asker.get(PEOPLE["adm"], "/v1/exports")).body["items"] if one["view"]}
    named = {name for names in KINDS.values() for name in names}
    if listed != named:
        return [f"say in exports.py what kind of figures these are: {sorted(listed ^ named)}"]
    # One after the other: a process makes few files at a time.
    found = [await _export(asker, known, kind, name) for kind, names in KINDS.items() for name in names]
    return [text for texts in found for text in texts]


async def _export(asker: Asker, known: Known, kind: str, name: str) -> list[str]:
    path, keys = f"/v1/exports/{name}", {asker.world.id(key): key for key in PEOPLE}
    everything = _rows((await asker.get(PEOPLE["adm"], path)).body)
    wrong = []
    for person in ACTIVE:
        all_of_it = bool(set(person.roles) & TAKERS) or "figures:read" in person.scopes
        if not all_of_it and (refused := await asker.get(person, path)).status != 403:
            wrong.append(f"{person.key} GET {path}: {refused.status}, not refused")
        got = await asker.get(person, path, {} if all_of_it else {"owner_id": "me"})
        expected = Counter(str(row) for row in everything if _is_theirs(known, person, kind, keys.get(row["owner_id"]), all_of_it, name))
        if got.status == 403:
            wrong += [f"{person.key} GET {path}: refused, but {expected.total()} rows are theirs"] if expected else []
        elif (rows := Counter(str(row) for row in _rows(got.body))) != expected:
            many, few = rows - expected, expected - rows
            wrong.append(f"{person.key} GET {path}: {many.total()} too many, {few.total()} too few of {expected.total()}")
    return wrong


def _is_theirs(known: Known, person: Person, kind: str, owner: str | None, all_of_it: bool, name: str) -> bool:
    if name == "spend":
        return bool(set(person.roles) & ALL["lead"] & TAKERS) or "figures:read" in person.scopes
    return counts(known, person, kind, owner, None) and (all_of_it or owner == person.key)


def _rows(body: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(body.removeprefix("\ufeff"), newline="")))
