"""Entering the sample people where Keycloak gives out the tokens: a container of the profile `identity`.

With the development issuer the front does it.
"""

import asyncio

import httpx
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from clinch.errors import CommandError
from clinch.run.seed import seed_people
from clinch.run.services import exit_on_bad_settings

TIMEOUT = 30.0
"""Seconds for each request; an identity provider that has just started is slow."""


class EntrySettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="CLINCH_", frozen=True, extra="ignore")

    lead_svc: str = Field(description="Where lead-svc is")
    token_url: str = Field(description="The token endpoint of the realm in deploy/keycloak")
    dev_client: str = "clinch-dev"
    dev_admin: str = "dev-admin"
    dev_password: str = "development-only"


async def enter(settings: EntrySettings, transport: httpx.AsyncBaseTransport | None = None) -> int:
    """How many teams and people were new. Raises `CommandError`."""
    asked = {"grant_type": "password", "client_id": settings.dev_client, "username": settings.dev_admin, "password": settings.dev_password}
    async with httpx.AsyncClient(transport=transport, timeout=TIMEOUT) as http:
        try:
            given = (await http.post(settings.token_url, data=asked)).raise_for_status().json()["access_token"]
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise CommandError(f"There is no token for {settings.dev_admin} from {settings.token_url}: {error!r}.") from None
    headers = {"Authorization": f"Bearer {given}"}
    async with httpx.AsyncClient(transport=transport, timeout=TIMEOUT, base_url=settings.lead_svc, headers=headers) as client:
        return await seed_people(client)


def main() -> None:
    with exit_on_bad_settings():
        print(f"{asyncio.run(enter(EntrySettings()))} sample teams and people entered.")


if __name__ == "__main__":
    main()
