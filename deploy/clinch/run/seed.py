"""Entering the sample people through the API, once: what somebody changed about them since stays as it is."""

from typing import TYPE_CHECKING, Any

from clinch.errors import CommandError
from clinch.run.people import SAMPLE_PEOPLE, SAMPLE_TEAMS

if TYPE_CHECKING:
    import httpx


async def seed_people(client: "httpx.AsyncClient") -> int:
    """Enter the sample teams and people that the system does not know yet, by a client that acts for an admin; how many were new.

    Two requests when all are there. A person whom only an import has named so far gets their name, role and team.
    """
    teams = {team["external_id"]: team["id"] for team in await _all(client, "/v1/team/teams")}
    people = {person["external_id"] for person in await _all(client, "/v1/team/people") if not person["imported"]}
    new_teams = [team for team in SAMPLE_TEAMS if team.key not in teams]
    for team in new_teams:
        parent_id = teams[team.parent] if team.parent else None
        made = await _answer(client, "POST", "/v1/team/teams", json={"external_id": team.key, "name": team.name, "parent_id": parent_id})
        teams[team.key] = made["id"]
    new_people = [person for person in SAMPLE_PEOPLE if person.key not in people]
    for person in new_people:
        body = {"external_id": person.key, "name": person.name, "role": person.role.value, "team_id": teams[person.team]}
        await _answer(client, "POST", "/v1/team/people", json=body)
    return len(new_teams) + len(new_people)


async def _all(client: "httpx.AsyncClient", path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    params: dict[str, Any] = {"limit": 200}
    while True:
        page = await _answer(client, "GET", path, params=params)
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        params["cursor"] = page["next_cursor"]


async def _answer(client: "httpx.AsyncClient", method: str, path: str, **given: Any) -> Any:
    from httpx import TransportError

    try:
        response = await client.request(method, path, **given)
    except TransportError as error:
        raise CommandError(f"The sample people could not be entered: {client.base_url} does not answer ({error}).") from None
    if response.is_success:
        return response.json()
    raise CommandError(f"The sample people could not be entered: {method} {path} was answered {response.status_code}: {response.text}")
