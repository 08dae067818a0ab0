"""Who enters the sample people where there is no development issuer."""

import httpx
import pytest

from clinch.errors import CommandError
from clinch.run.enter_people import EntrySettings, enter
from clinch.run.people import SAMPLE_PEOPLE, SAMPLE_TEAMS

SETTINGS = EntrySettings(lead_svc="http://lead-api:8000", token_url="http://keycloak:8080/token")


async def test_the_sample_people_are_entered_with_an_admins_token_of_the_identity_provider() -> None:
    entered: list[str] = []

    def play(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            assert b"username=dev-admin" in request.content
            return httpx.Response(200, json={"access_token": "an-admins"})
        assert request.headers["authorization"] == "Bearer an-admins"
        if request.method == "GET":
            return httpx.Response(200, json={"items": [], "next_cursor": None})
        entered.append(request.url.path)
        return httpx.Response(201, json={"id": "1"})

    assert await enter(SETTINGS, httpx.MockTransport(play)) == len(SAMPLE_TEAMS) + len(SAMPLE_PEOPLE)
    assert len(entered) == len(SAMPLE_TEAMS) + len(SAMPLE_PEOPLE)


@pytest.mark.parametrize("answer", [httpx.Response(401, json={"error": "invalid_grant"}), httpx.Response(200, text="<html>")])
async def test_no_token_is_one_sentence(answer: httpx.Response) -> None:
    with pytest.raises(CommandError, match="no token for dev-admin from http://keycloak:8080/token"):
        await enter(SETTINGS, httpx.MockTransport(lambda _: answer))
