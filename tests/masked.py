"""What a role can learn by reading a service: every GET route of its document, and every search and filter of its lists."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from tests.harness import Running

MASKED = ("auditor", "support", "service")
"""Roles that see no personal data and nothing that customers said."""


class Reader:
    """`ids` fill the parameters of paths, so the caller says which records there are.

    Routes with other parameters in their paths, or that need one in their query, are passed over.
    """

    def __init__(self, svc: Running, ids: Mapping[str, Any]) -> None:
        self.svc = svc
        self.ids = {name: str(id) for name, id in ids.items()}
        paths = svc.app.openapi()["paths"]
        self._routes = {path: methods["get"] for path, methods in paths.items() if "get" in methods}

    @property
    def addresses(self) -> list[tuple[str, dict[str, Any]]]:
        known = []
        for path, operation in self._routes.items():
            for name, id in self.ids.items():
                path = path.replace(f"{{{name}}}", id)
            if "{" not in path and not any(p["in"] == "query" and p.get("required") for p in operation.get("parameters", ())):
                known.append((path, operation))
        return known

    async def shows(self, role: str) -> str:
        """The bodies of all that the role can read, in lower case. JSON's escapes are undone."""
        read = []
        async with self.svc.client(role) as client:
            for path, _ in self.addresses:
                answer = await client.get(path)
                assert answer.status_code in (200, 403, 404), (path, answer.text)
                read.append(json.dumps(answer.json(), ensure_ascii=False) if "json" in answer.headers["content-type"] else answer.text)
        return "\n".join(read).lower()

    async def operations_showing(self, role: str, texts: Sequence[str]) -> set[str]:
        """The operations by which the role is shown one of the texts."""
        showing = set()
        async with self.svc.client(role) as client:
            for path, operation in self.addresses:
                said = json.dumps((await client.get(path)).text, ensure_ascii=False).lower()
                if any(text.lower() in said for text in texts):
                    showing.add(operation["operationId"])
        return showing

    async def logged(self, role: str) -> set[str]:
        """The operations by which the role has read something, as the access log says."""
        await self.svc.app.state.access_log.flush()
        async with self.svc.db.read() as db:
            return {row["operation"] for row in await db.rows("SELECT operation FROM access_log WHERE actor_role = $1", role)}

    async def finds(self, role: str, texts: Sequence[str]) -> dict[str, list[str]]:
        """By parameter of a list, those of the texts that gave the role at least one item. Refused ones find nothing."""
        found: dict[str, list[str]] = {}
        async with self.svc.client(role) as client:
            for path, operation in self.addresses:
                for parameter in operation.get("parameters", ()):
                    if not _takes_any_text(parameter):
                        continue
                    for text in texts:
                        answer = await client.get(path, params={parameter["name"]: text.replace(",", "\\,"), "count": "exact"})
                        assert answer.status_code in (200, 403, 404), (path, parameter["name"], answer.text)
                        body = answer.json()
                        if answer.status_code == 200 and (body["items"] or body["count"]):
                            found.setdefault(f"{path} {parameter['name']}", []).append(text)
        return found


def _takes_any_text(parameter: dict[str, Any]) -> bool:
    """`q`, and filters of texts; those of ids, times, numbers and choices cannot hold what somebody said."""
    if parameter["in"] != "query" or parameter["name"] in ("fields", "cursor"):
        return False
    schema = parameter["schema"]
    for choice in (schema, schema.get("items", {}), *schema.get("items", {}).get("anyOf", ())):
        if choice.get("type") == "string" and not choice.keys() & {"format", "enum", "const"}:
            return True
    return False
