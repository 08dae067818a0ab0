"""What is for those who run the system, what all may read, and who is let in at all."""

import re
from collections.abc import Sequence
from typing import Any

from tests.acts import FILE
from tests.isolation.asking import Asker
from tests.isolation.oracle import ALL, KINDS, SCOPES, SEES_SOME, Known, is_masked
from tests.isolation.people import PEOPLE, teams_above
from tests.isolation.records import ACTIVE, together
from tests.isolation.routes import FOR_ALL, FOR_ROLES, LISTS, PUBLIC, Route

ROWS = (
    "external_id,captured_at,source,company,contact_name\nI-1,2026-02-03,seo,Imported Co,Hush000 Wu\nI-2,never,seo,Hush000 Co,Hush000 Li\n"
)
SPEND = "external_id,campaign,starts_on,amount,currency\nB-1,Expo,2026-01-05,90,CNY\nB-2,Nobody planned,2026-01-05,90,CNY\n"
RATES = "currency,day,rate,source\nUSD,2026-01-05,7.1,bank\nUSD,never,7,bank\n"


async def imported(asker: Asker) -> dict[str, str]:
    """A campaign, a form, and an import of each kind with a row that is refused."""
    email = {"name": "email", "label": "E-mail", "lead_field": "email", "required": True}
    form = {"key": "contact-us", "name": "Talk to us", "fields": [email]}
    found = {
        "/v1/campaigns": (await asker.world.do("adm", "POST", "/v1/campaigns", {"name": "Expo"}))["id"],
        "/v1/forms": (await asker.world.do("adm", "POST", "/v1/forms", form))["key"],
    }
    for what, raw in {"leads": ROWS, "deals": ROWS, "rates": RATES, "spend": SPEND}.items():
        path = f"/v1/imports/{what}"
        answer = await asker.world.by("adm").post(path, content=raw.encode(), headers={"Content-Type": "text/csv"})
        assert answer.status_code == 202, answer.text
        id = answer.json()["id"]

        async def finished(path: str = f"{path}/{id}") -> Any:
            return (await asker.world.do("adm", "GET", path))["finished_at"]

        await asker.world.until(finished)
        found[path] = id
    return found


async def offices(asker: Asker, found: Sequence[Route], imports: dict[str, str]) -> list[str]:
    """All or nothing, by role: imports with the files of their problems, operations, webhooks, channels."""

    async def one(path: str, person: Any, roles: set[str]) -> str | None:
        got = await asker.get(person, path)
        may = bool(roles & set(person.roles))
        there = 404 if path.endswith(("/1", "/simulation", "/simulation/records")) or "/drives/" in path else 200  # there is none
        return (
            None if got.status == (there if may else 403) else f"{person.key} GET {path}: {got.status}, but {'may' if may else 'may not'}"
        )

    asked = []
    for route in found:
        roles = next((roles for prefix, roles in FOR_ROLES.items() if route.path.startswith(prefix)), None)
        if roles is not None and not {"{webhook_id}", "{channel_id}"} & {*route.path.split("/")}:
            path = route.at(imports.get(route.collection, asker.world.id("ann")))
            asked += [one(path, person, roles) for person in ACTIVE]
    return [text for text in await together(asked) if text]


async def for_all(asker: Asker, found: Sequence[Route]) -> list[str]:
    """What all may read says nothing that only some may."""
    wrong = []
    for route in found:
        if route.path in FOR_ALL and not route.names and not any(p.get("required") for p in route.parameters):
            for person in ACTIVE:
                got = await asker.get(person, route.path)
                if got.status != (200 if person.team or not route.path.endswith("/people/me") else 404) or "hush" in str(got.body).lower():
                    wrong.append(f"{person.key} GET {route.path}: {got.status} {str(got.body)[:80]}")
    return wrong


async def me(asker: Asker) -> list[str]:
    """What everybody is told of themselves: their place, and how far they see which kind."""
    wrong = []
    for person in ACTIVE:
        its = (await asker.get(person, "/v1/me")).body
        teams = [team["external_id"] for team in its["teams"]]
        place = (its["id"], set(its["roles"]), set(its["scopes"]), its["person"] is not None, teams)
        known = (asker.world.id(person.key), set(person.roles), set(person.scopes), person.team is not None, teams_above(person.team)[::-1])
        if place != known:
            wrong.append(f"{person.key} GET /v1/me: {place} in place of {known}")
        sees = {seen["kind"]: ("every" in seen["how"], seen["masked"]) for seen in its["sees"]}
        scopes = {scope.partition(":")[0] for scope in person.scopes}
        for kind in KINDS:
            every = bool(ALL[kind] & set(person.roles) or SCOPES[kind] & scopes)
            expected = (every, is_masked(person, kind)) if every or SEES_SOME[kind] & set(person.roles) else None
            if sees.get(kind) != expected:
                wrong.append(f"{person.key} GET /v1/me: {kind} {sees.get(kind)} in place of {expected}")
    return wrong


async def nobody(asker: Asker, found: Sequence[Route]) -> list[str]:
    """Somebody who left is refused everywhere, and so is who sends no token; a customer's address says to nobody whether it exists."""
    wrong = []
    for route in (r for r in found if r.path in PUBLIC):
        if (answer := await asker.world.by("adm").get(route.at("0" * 22), headers={"Authorization": ""})).status_code != 404:
            wrong.append(f"nobody GET {route.path}: {answer.status_code}")
    for route in (r for r in found if r.path not in PUBLIC):
        path = route.at(asker.world.id("gone"))
        got = await asker.get(PEOPLE["gone"], path)
        if got.status != 403 or got.body["code"] != "person_inactive":
            wrong.append(f"gone GET {route.path}: {got.status}")
        headers = {"Authorization": ""}
        if (answer := await asker.world.by("adm").get(path, headers=headers)).status_code != 401:
            wrong.append(f"nobody GET {route.path}: {answer.status_code}")
    return wrong


async def unseen_is_not_changed(asker: Asker, known: Known) -> list[str]:
    """Every act on a record that somebody does not see is answered as if there were no such record, or by the role alone."""
    system: Any = asker.world.svc
    wrong = []
    operations = [
        (method, path, FILE in methods[method].get("requestBody", {}).get("content", ()))
        for service in system.services.values()
        for path, methods in service.app.openapi()["paths"].items()
        for method in methods
        if method != "get" and path.count("{") == 1 and path.partition("/{")[0] in LISTS
    ]
    ids = {path: await asker.wholes(path) for path in LISTS}
    for turn, (method, path, is_file) in enumerate(operations):
        collection, kind = path.partition("/{")[0], LISTS[path.partition("/{")[0]]
        for person in ACTIVE:
            visible = known.visible(person, kind)
            unseen = [id for id, whole in ids[collection].items() if whole not in visible]
            if not unseen:
                continue
            address = re.sub(r"\{\w+\}", unseen[turn % len(unseen)], path)
            if is_file:
                sent: Any = {"content": b"%PDF-1.7", "params": {"name": "a.pdf"}, "headers": {"Content-Type": FILE}}
                answer = await asker.world.by(person.key).request(method, address, **sent)
            else:
                answer = await asker.world.raw(person.key, method.upper(), address, {}, etag="*", key=f"{turn}-{person.key}")
            if answer.status_code not in (403, 404, 422):
                wrong.append(f"{person.key} {method.upper()} {address}: {answer.status_code} {answer.text[:80]}")
    return wrong
