"""The property that every record's acts must have: what `allowed_actions` says is what the routes do.

For each role, ownership and state: an act listed as allowed is accepted by a dry run with its sample, one listed as not allowed is
refused with the same reasons, one not listed is 403. At the end every act must have been accepted and refused at least once.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import uuid4

from shared.acts import Act
from shared.auth import Actor, Role
from tests.client import Client

FILE = "application/pdf"
Read = Callable[[str], Awaitable[dict[str, Any] | None]]
"""The record as somebody sees it, by who asks; None when they do not see it."""


class Acts:
    """The acts of one kind of record under test."""

    def __init__(self, client: Client, acts: Sequence[Act[Any, Any]]) -> None:
        self.client = client
        self.acts = [act for act in acts if act.operation is not None and not act.makes]
        app: Any = client.svc.app  # type: ignore[attr-defined]
        self.operations = {
            operation["operationId"]: (method.upper(), path, any(p["name"] == "dry_run" for p in operation.get("parameters", ())))
            for path, methods in app.openapi()["paths"].items()
            for method, operation in methods.items()
        }
        self.files = {
            operation["operationId"]
            for methods in app.openapi()["paths"].values()
            for operation in methods.values()
            if FILE in operation.get("requestBody", {}).get("content", ())
        }
        self.accepted: set[str] = set()
        self.refused: set[str] = set()
        self.forbidden: set[str] = set()

    def with_acts(self, acts: Sequence[Act[Any, Any]]) -> "Acts":
        """The same test, with other samples for the acts."""
        self.acts = [act for act in acts if act.operation is not None and not act.makes]
        return self

    async def hold(self, row: Any, whos: Sequence[str], read: Read) -> None:
        """See that the property holds for this record, whoever of `whos` asks. `row`: the record as its table has it."""
        for who in whos:
            seen = await read(who)
            if seen is not None:
                listed = {a["action"]: a for a in seen["allowed_actions"]}
                assert listed.keys() <= {act.name for act in self.acts}, f"{who} is shown acts that are not declared"
                for act in self.acts:
                    if act.elsewhere:
                        self._listed(act, listed.get(act.name))
                    else:
                        await self._holds(act, row, who, listed.get(act.name))

    def _listed(self, act: Act[Any, Any], listed: dict[str, Any] | None) -> None:
        """Another service performs it: its own tests try it there."""
        seen = self.forbidden if listed is None else self.accepted if listed["allowed"] else self.refused
        seen.add(act.name)

    async def _holds(self, act: Act[Any, Any], row: Any, who: str, listed: dict[str, Any] | None) -> None:
        answer = await self._try(act, row, who)
        if answer is None:  # no request can ask for it now
            assert not (listed and listed["allowed"]), f"listed as allowed, {act.name} of {act.of.name} in {act.of.state(row)} by {who}"
            return
        about = f"{act.name} of {act.of.name} in {act.of.state(row)} by {who}: {answer.status_code} {answer.text}"
        if listed is None:
            assert answer.status_code == 403, f"not listed, {about}"
            self.forbidden.add(act.name)
        elif listed["allowed"]:
            assert answer.is_success, f"listed as allowed, {about}"
            assert listed["operation_id"] == act.operation
            self.accepted.add(act.name)
        elif act.of.state(row) in act.repeats:
            assert answer.is_success, f"done before, {about}"
            assert answer.json()["version"] == row.version
        else:
            assert answer.status_code == 409, f"listed as not allowed, {about}"
            assert answer.json()["unmet"] == listed["unmet"], f"other reasons than {listed['unmet']}, {about}"
            self.refused.add(act.name)

    async def _try(self, act: Act[Any, Any], row: Any, who: str) -> Any:
        assert act.operation is not None
        role, key = self.client._role_and_key(who)
        actor = Actor.of(self.client.svc.person(role, key), {Role(role)})
        method, path, is_dry = self.operations[act.operation]
        sample = act.sample(row, actor)
        if sample is None:
            return None
        body = dict(sample)
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        own = names[-1] if names and names[-1] not in body else next((n for n in names if n not in body), None)
        for name in names:
            value = body.pop(name) if name in body else row.id if name == own else getattr(row, name)
            path = path.replace(f"{{{name}}}", str(value))
        params = {"dry_run": "true"} if is_dry else {}  # what changes nothing in any case has no dry run
        if act.operation in self.files:  # the body is a file, and what is said of it stands in the address
            headers = {"Content-Type": FILE}
            return await self.client.by(who).request(method, path, content=b"%PDF-1.7", params=params | body, headers=headers)
        return await self.client.raw(who, method, path, body, etag="*", key=str(uuid4()), **params)

    def complete(self) -> None:
        """Fail when an act was never accepted or never refused: then the records above do not show enough."""
        names = {act.name for act in self.acts}
        assert not names - self.accepted, f"never accepted: {sorted(names - self.accepted)}"
        assert not names - (self.refused | self.forbidden), f"never refused: {sorted(names - self.refused - self.forbidden)}"
