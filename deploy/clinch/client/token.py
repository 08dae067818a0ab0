"""`clinch token`: an access token of the development issuer."""

import json
import urllib.error
import urllib.request
from typing import Annotated

import typer

from clinch.errors import CommandError
from clinch.options import Data, Url, base_url
from clinch.run.settings import ISSUER_PATH


def token(
    role: Annotated[str | None, typer.Option(help="rep, manager, director, admin ... (that of --sub without it, else admin).")] = None,
    sub: Annotated[str | None, typer.Option(help="Whose token: one of the sample people, or any name.")] = None,
    scope: Annotated[
        str | None, typer.Option(help="What another system may do, with --role service: 'leads:write deals:read payments:write'.")
    ] = None,
    url: Url = None,
    data: Data = None,
) -> None:
    """Get an access token for trying things out. It is alone on the last line; what it is goes to standard error."""
    base = base_url(url, data)
    access, seconds = fetch(base, role or (None if sub else "admin"), sub, scope)
    typer.echo(f"A token of {base}{ISSUER_PATH}, good for {seconds // 60} minutes; send it as `Authorization: Bearer ...`:", err=True)
    typer.echo(access)


def access_token(given: str | None, base: str) -> str:
    """The token to work with: as given, or one of the development issuer for an admin."""
    return given or fetch(base, "admin")[0]


def fetch(base: str, role: str | None, sub: str | None = None, scope: str | None = None) -> tuple[str, int]:
    """A token for `role`, and the seconds that it is good for. `base` is the API's origin."""
    body = json.dumps({"role": role, "sub": sub, "scope": scope}).encode()
    request = urllib.request.Request(f"{base}{ISSUER_PATH}/token", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            given = json.load(answer)
    except urllib.error.HTTPError as error:
        raise _refusal(error, base) from None
    except OSError as error:
        raise CommandError(f"{base} does not answer ({getattr(error, 'reason', error)}): is Clinch running there?") from None
    return given["access_token"], given["expires_in"]


def _refusal(error: urllib.error.HTTPError, base: str) -> CommandError:
    if error.code == 404:
        return CommandError(f"{base} has no development issuer: get a token from your identity provider.")
    try:
        reason = json.load(error)["error_description"]
    except (ValueError, KeyError, TypeError):
        reason = f"status {error.code}"
    return CommandError(f"No token: {reason}.", 2 if error.code == 400 else 1)
