"""What people get when they ask: pages to the end, and refusals as empty answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.isolation.people import PEOPLE, Person
from tests.isolation.routes import LISTS, WHOLES
from tests.isolation.world import World

REFUSED = {403, 404}


@dataclass
class Answered:
    status: int
    body: Any

    @property
    def items(self) -> list[dict[str, Any]]:
        return self.body["items"] if self.status == 200 else []

    @property
    def ids(self) -> list[str]:
        return [item["id"] for item in self.items]


@dataclass
class Asker:
    """Asks as anybody; the answers of the one who sees everything are remembered."""

    world: World
    asked: int = 0
    _all: dict[tuple[str, str], Answered] = field(default_factory=dict)

    async def get(self, who: Person, path: str, params: Mapping[str, Any] | None = None) -> Answered:
        self.asked += 1
        answer = await self.world.by(who.key).get(path, params=dict(params or {}) or None)
        is_json = "json" in answer.headers.get("content-type", "")
        return Answered(answer.status_code, answer.json() if is_json else answer.text)

    async def every(self, who: Person, path: str, params: Mapping[str, Any] | None = None, limit: int = 200) -> Answered:
        """All pages of a list, as one."""
        first = page = await self.get(who, path, {"count": "exact", **(params or {}), "limit": limit})
        assert page.status in {200, *REFUSED}, (who.key, path, params, page.status, page.body)
        while page.status == 200 and page.body["next_cursor"]:
            page = await self.get(who, path, {**(params or {}), "limit": limit, "cursor": page.body["next_cursor"]})
            assert page.status == 200, (who.key, path, page.body)
            first.body["items"] += page.body["items"]
        return first

    async def all_of(self, path: str, params: Mapping[str, Any] | None = None) -> Answered:
        """What there is, whoever sees it."""
        key = (path, repr(sorted((params or {}).items())))
        if key not in self._all:
            self._all[key] = await self.every(PEOPLE["adm"], path, params)
            assert self._all[key].status == 200, (path, params, self._all[key].body)
        return self._all[key]

    def forget(self) -> None:
        self._all.clear()

    async def wholes(self, path: str) -> dict[str, str]:
        """Of each item of a list, the record that decides who sees it."""
        return {item["id"]: item[WHOLES[path]] if path in WHOLES else item["id"] for item in (await self.all_of(path)).items}

    async def parts(self) -> dict[str, dict[str, str]]:
        return {path: await self.wholes(path) for path in LISTS}
