"""Lists, filters, searches, sorts, counts and single reads, asked by everybody."""

import asyncio
import re
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from tests.isolation.asking import Answered, Asker
from tests.isolation.oracle import Known, is_masked
from tests.isolation.people import PEOPLE, Person
from tests.isolation.routes import LISTS, Route

R = TypeVar("R")
ACTIVE = [person for person in PEOPLE.values() if person.active]
_PAGING = {"limit", "cursor", "count", "fields", "sort", "q"}


async def together(asked: Iterable[Coroutine[Any, Any, R]], at_once: int = 6) -> list[R]:
    """The results, in order, of what is asked side by side."""
    gate = asyncio.Semaphore(at_once)

    async def one(what: Coroutine[Any, Any, R]) -> R:
        async with gate:
            return await what

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(what)) for what in asked]
    return [task.result() for task in tasks]


def seen_of(known: Known, person: Person, path: str, wholes: dict[str, str]) -> set[str]:
    visible = known.visible(person, LISTS[path])
    return {id for id, whole in wholes.items() if whole in visible}


def told(about: str, expected: set[str], got: Answered) -> Iterator[str]:
    """How an answer is not the one that is expected."""
    ids = got.ids
    if got.status == 200 and got.body.get("count") != len(ids):
        yield f"{about}: count={got.body.get('count')}, but {len(ids)} items"
    if len(ids) != len(set(ids)):
        yield f"{about}: the same one twice"
    if extra := set(ids) - expected:
        yield f"{about}: sees {len(extra)} too many: {sorted(extra)[:3]}"
    if missing := expected - set(ids):
        yield f"{about}: misses {len(missing)} of {len(expected)} ({got.status}): {sorted(missing)[:3]}"


async def lists(asker: Asker, known: Known) -> list[str]:
    async def one(path: str, wholes: dict[str, str], person: Person, limit: int) -> list[str]:
        got = await asker.every(person, path, limit=limit)
        return list(told(f"{person.key} GET {path}", seen_of(known, person, path, wholes), got))

    asked = [one(path, await asker.wholes(path), p, 3 if n % 8 == 0 else 200) for path in LISTS for n, p in enumerate(ACTIVE)]
    return [text for texts in await together(asked) for text in texts]


async def singles(asker: Asker, known: Known, found: Sequence[Route]) -> list[str]:
    """Every address that begins with that of a record, its timeline and the like: 404 for what is not seen."""

    async def one(route: Route, person: Person, id: str, sees: bool) -> str | None:
        path = route.path.replace("{" + route.names[0] + "}", id)
        got = await asker.get(person, path)
        if got.status in ((200,) if sees else (403, 404)):
            return None
        return f"{person.key} GET {path}: {got.status}, but {'sees' if sees else 'does not see'} the {route.kind}"

    asked = []
    for route in found:
        if route.kind is None or len(route.names) != 1:
            continue
        wholes = await asker.wholes(route.collection)
        below = 3 if len(route.path.split("/")) == 4 else 12  # some are asked by some
        for p, person in enumerate(ACTIVE):
            visible = seen_of(known, person, route.collection, wholes)
            asked += [one(route, person, id, id in visible) for n, id in enumerate(wholes) if (n + p) % below == 0]
    return [text for text in await together(asked) if text]


def _values(parameter: dict[str, Any], items: list[dict[str, Any]]) -> list[str]:
    """What can be asked with a filter: values of records that there are, else what its schema offers."""
    name = re.sub(r"\[.*", "", parameter["name"])
    values = {str(v).lower() if isinstance(v, bool) else str(v) for item in items if (v := item.get(name)) is not None}
    values = {v["amount"] if isinstance(v, dict) else v for v in values}
    offered = parameter["schema"].get("items", parameter["schema"]).get("enum", [])
    if parameter["schema"].get("items", {}).get("type") == "boolean":
        offered = ["true", "false"]
    return sorted(v.replace(",", "\\,") for v in values if not v.startswith("{"))[:40] or [str(v) for v in offered]


async def filters(asker: Asker, known: Known, found: Sequence[Route]) -> list[str]:
    """Each filter, by several people and with several values: they get what there is and what they see, no more and no less."""
    asked, turn = [], 0
    for route in found:
        if route.path not in LISTS:
            continue
        items = (await asker.all_of(route.path)).items
        wholes = await asker.wholes(route.path)
        for parameter in route.parameters:
            if parameter["name"] in _PAGING or not (values := _values(parameter, items)):
                continue
            for _ in range(1 if "[" in parameter["name"] else 4):
                turn += 1
                person = ACTIVE[(turn * 7) % len(ACTIVE)]
                asked.append(_asked(asker, known, person, route.path, wholes, {parameter["name"]: values[turn % min(3, len(values))]}))
    return [text for texts in await together(asked) for text in texts]


async def searches(asker: Asker, known: Known, found: Sequence[Route]) -> list[str]:
    """Words of records of every kind, and all sorts."""
    asked, turn = [], 0
    for route in found:
        if route.path not in LISTS:
            continue
        items = (await asker.all_of(route.path)).items
        wholes = await asker.wholes(route.path)
        words = sorted({w for item in items for v in item.values() if isinstance(v, str) for w in re.findall(r"[A-Za-z]+\d*|\d{4,}", v)})
        sorts = next((p["schema"]["enum"] for p in route.parameters if p["name"] == "sort"), [])
        searched = 2 if any(p["name"] == "q" for p in route.parameters) else 0
        for person in ACTIVE:
            turn += 7
            asked += [_asked(asker, known, person, route.path, wholes, {"q": words[(turn + 11 * n) % len(words)]}) for n in range(searched)]
            asked += [_asked(asker, known, person, route.path, wholes, {"sort": sorts[turn % len(sorts)]})]
    return [text for texts in await together(asked) for text in texts]


async def _asked(asker: Asker, known: Known, person: Person, path: str, wholes: dict[str, str], asked: dict[str, str]) -> list[str]:
    all_of_it = await asker.all_of(path, asked)
    got = await asker.every(person, path, asked)
    about = f"{person.key} GET {path} {asked}"
    kind = LISTS[path]
    if is_masked(person, kind):
        if got.status == 403:  # what they see masked they cannot ask for
            return [] if got.body["code"] == "masked" else [] if not known.visible(person, kind) else [f"{about}: {got.body}"]
        return [f"{about}: sees too much"] if set(got.ids) - seen_of(known, person, path, wholes) else []
    expected = [id for id in all_of_it.ids if id in seen_of(known, person, path, wholes)]
    wrong = list(told(about, set(expected), got))
    if not wrong and got.status == 200 and "sort" in asked and got.ids != expected:
        wrong.append(f"{about}: another order")
    return wrong
