"""Figures: each counts for somebody what is credited to those whose figures they see, and its records are those and no others."""

from collections import Counter, defaultdict
from decimal import Decimal
from typing import Any

from tests.isolation.asking import Asker
from tests.isolation.oracle import HELPERS, TREE, Known
from tests.isolation.people import PEOPLE, Person
from tests.isolation.records import ACTIVE, together

ALL = {
    "lead": {"director", "admin", "sales_ops", "ops", "auditor", "marketing"},
    "deal": {"director", "admin", "sales_ops", "ops", "auditor"},
    "cash": {"director", "admin", "sales_ops", "ops", "auditor", "finance"},
}
OF = {"lead": "lead", "spend": "lead", "deal": "deal", "contract": "deal", "milestone": "cash", "payment": "cash"}
"""What kind of figure a record counts in."""
Key = tuple[str, str, str]


def counts(known: Known, person: Person, kind: str, owner: str | None, account: str | None) -> bool:
    """Whether something credited to `owner`, of a customer, counts for somebody."""
    roles = set(person.roles)
    if roles & ALL[kind] or "figures:read" in person.scopes or owner == person.key:
        return True
    if roles & (TREE | HELPERS) and known.is_below(person, owner):
        return True
    if "csm" in roles and account is not None:
        its = known.records[account]
        return person.key == its.owner or person.key in its.parts
    return False


class Figures:
    def __init__(self, asker: Asker, known: Known) -> None:
        self.asker, self.known = asker, known
        self.keys = {asker.world.id(key): key for key in PEOPLE}

    async def _contracts_of_cash(self) -> dict[str, str]:
        """The contract of each milestone and payment."""
        found = await self.asker.wholes("/v1/payments")
        for contract in (r for r in self.known.records.values() if r.kind == "contract"):
            answer = await self.asker.get(PEOPLE["adm"], f"/v1/contracts/{contract.id}")
            found |= {milestone["id"]: contract.id for milestone in answer.body["milestones"]}
        return found

    async def records(self, person: Person, path: str, params: dict[str, str]) -> list[dict[str, Any]] | None:
        """All pages; None where the figure is not for this person."""
        items: list[dict[str, Any]] = []
        asked = {**params, "limit": "200"}
        while True:
            page = await self.asker.get(person, path, asked)
            if page.status == 403:
                return None
            assert page.status == 200, (person.key, path, params, page.body)
            items += page.items
            if page.body["next_cursor"] is None:
                return items
            asked = {**asked, "cursor": page.body["next_cursor"]}

    async def _of_spend(self) -> set[str]:
        """The figures that count money spent on campaigns, which is nobody's: for those who see all figures of leads."""
        kpis = (await self.asker.get(PEOPLE["adm"], "/v1/metrics/kpis")).items
        return {f"/v1/metrics/kpis/{kpi['name']}/records" for kpi in kpis if "spent" in kpi["measures"]}

    async def addresses(self) -> list[tuple[str, dict[str, str]]]:
        kpis = (await self.asker.get(PEOPLE["adm"], "/v1/metrics/kpis")).items
        found: list[tuple[str, dict[str, str]]] = [(f"/v1/metrics/kpis/{kpi['name']}/records", {}) for kpi in kpis]
        found += [("/v1/metrics/funnel/records", {"step": f"F{n}"}) for n in range(1, 10)]
        found += [("/v1/metrics/funnel/records", {"step": f"F{n}", "line": "direct"}) for n in range(4, 10)]
        return [*found, ("/v1/metrics/flow/records", {})]

    async def check(self) -> list[str]:
        cash, of_spend = await self._contracts_of_cash(), await self._of_spend()

        def account(record: dict[str, Any]) -> str | None:
            if record["kind"] == "spend":
                return None
            return self.known.records[cash.get(record["id"], record["id"])].account

        async def one(path: str, params: dict[str, str]) -> list[str]:
            wrong = []
            there = await self.records(PEOPLE["adm"], path, params) or []
            whole = path in of_spend
            for person in ACTIVE:
                if whole and not (set(person.roles) & ALL["lead"] or "figures:read" in person.scopes):
                    if await self.records(person, path, params) is not None:
                        wrong.append(f"{person.key} GET {path}: not refused")
                    continue
                expected = Counter(
                    _key(r) for r in there if counts(self.known, person, OF[r["kind"]], self.keys.get(r["owner_id"]), account(r))
                )
                got = await self.records(person, path, params)
                if (found := Counter(_key(r) for r in got or ())) != expected:
                    many, few = found - expected, expected - found
                    wrong.append(f"{person.key} GET {path} {params}: {many.total()} too many, {few.total()} too few of {expected.total()}")
                if path.startswith("/v1/metrics/kpis/"):
                    wrong += await self._sums(person, path.removesuffix("/records"), expected, {} if whole else {"by": "owner"})
            return wrong

        found = await together(one(path, params) for path, params in await self.addresses())
        return [text for texts in found for text in texts] + await self._pipeline()

    async def _sums(self, person: Person, path: str, expected: Counter[Key], asked: dict[str, str]) -> list[str]:
        """The figure counts as many of each measure as it lists, in all and by owner, and names no owner besides."""
        got = await self.asker.get(person, path, asked)
        if got.status == 403:
            return [f"{person.key} GET {path}: refused, but counts {expected.total()}"] if expected else []
        counted: Counter[str] = Counter()
        for (measure, _, _), n in expected.items():
            counted[measure] += n
        wrong = []
        for name, n in got.body["total"]["counts"].items():
            if n != counted[name]:
                wrong.append(f"{person.key} GET {path}: counts {n} of {name} in place of {counted[name]}")
        owners = {owner for (_, _, owner) in expected}
        if named := {row["group"] for row in got.body["rows"]} - owners - {None, "(none)"}:
            wrong.append(f"{person.key} GET {path}?by=owner: names {sorted(self.keys.get(id, id) for id in named)}")
        return wrong

    async def _pipeline(self) -> list[str]:
        """The pipeline of now, stage by stage, against the list of deals."""
        wrong = []
        deals = [d for d in (await self.asker.all_of("/v1/deals")).items if d["stage"] not in ("won", "lost")]
        for person in ACTIVE:
            expected: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
            for d in deals:
                if counts(self.known, person, "deal", self.keys.get(d["owner_id"]), d["account_id"]):
                    expected[d["stage"]][0] += 1
                    expected[d["stage"]][1] += Decimal(d["amount"]["amount"])
            got = await self.asker.get(person, "/v1/metrics/pipeline")
            if got.status == 403:
                wrong += [f"{person.key} GET /v1/metrics/pipeline: refused, but counts {dict(expected)}"] if expected else []
                continue
            found = {s["stage"]: [Decimal(s["n"]), Decimal(s["amount"])] for s in got.body["total"]["stages"] if s["n"]}
            if found != dict(expected):
                wrong.append(f"{person.key} GET /v1/metrics/pipeline: {found} in place of {dict(expected)}")
        return wrong


def _key(record: dict[str, Any]) -> Key:
    return record["measure"], record["id"], record["owner_id"]


async def figures(asker: Asker, known: Known) -> list[str]:
    return await Figures(asker, known).check()
