"""The search over all kinds of records: everybody finds what they see, and nothing else."""

import re
from typing import Any

from tests.isolation.asking import Asker
from tests.isolation.oracle import Known, is_masked
from tests.isolation.people import PEOPLE, Person
from tests.isolation.records import ACTIVE, seen_of, together
from tests.isolation.routes import LISTS

_PATHS = {kind: f"/v1/{kind}s" for kind in ("lead", "account", "contact", "deal", "quote", "contract")}


async def over_all(asker: Asker, known: Known) -> list[str]:
    """Words of records of each kind, asked by everybody for that kind."""
    asked, turn = [], 0
    for kind, path in _PATHS.items():
        wholes = await asker.wholes(path)
        words = sorted({w for item in (await asker.all_of(path)).items for w in _words(item)})
        assert words, kind
        for person in ACTIVE:
            turn += 7
            asked += [_asked(asker, known, person, kind, words[(turn + 11 * n) % len(words)], wholes) for n in range(3)]
    return [text for texts in await together(asked) for text in texts]


def _words(item: dict[str, Any]) -> list[str]:
    said = (item.get(name) for name in ("title", "company", "name", "email", "external_id", "number"))
    return [word for text in said if text for word in re.findall(r"\w{4,}", text)]


async def _asked(asker: Asker, known: Known, person: Person, kind: str, word: str, wholes: dict[str, str]) -> list[str]:
    params = {"q": word, "kind": kind, "limit": "50"}
    everything = (await asker.get(PEOPLE["adm"], "/v1/search", params)).ids
    got = await asker.get(person, "/v1/search", params)
    about = f"{person.key} GET /v1/search {params}"
    if got.status != 200:
        return [f"{about}: {got.status} {got.body}"]
    visible = seen_of(known, person, _PATHS[kind], wholes)
    wrong = [f"{about}: sees too much"] if set(got.ids) - visible else []
    if len(everything) < 50 and not is_masked(person, LISTS[_PATHS[kind]]) and (missed := set(everything) & visible - set(got.ids)):
        wrong.append(f"{about}: misses {sorted(missed)[:3]}")
    return wrong
