"""Texts of which every one is known when a release is made: codes, acts, events, figures. The OpenAPI documents list them.

    code: KnownCode

They stay texts: nothing is checked when an answer is made, and a later release may know more of them. `known.json` beside this file is
written by `make docs` from where each is declared.
"""

from functools import cache
from pathlib import Path
from typing import Annotated, Any

import orjson
from pydantic import WithJsonSchema

MARK = "known"
"""In the schema of a field, until the document is made: which of the lists it is."""

MORE_MAY_COME = "x-more-may-come"
"""In the documents: a later release may add values, so a client must get along with one that it does not know."""


def _listed(name: str) -> Any:
    return WithJsonSchema({"type": "string", MARK: name})


def is_listed(hint: Any) -> bool:
    return any(isinstance(said, WithJsonSchema) and MARK in (said.json_schema or ()) for said in getattr(hint, "__metadata__", ()))


ProblemCode = Annotated[str, _listed("ProblemCode")]
InputCode = Annotated[str, _listed("InputCode")]
UnmetCode = Annotated[str, _listed("UnmetCode")]
ActName = Annotated[str, _listed("ActName")]
ActOperation = Annotated[str, _listed("ActOperation")]
RoleName = Annotated[str, _listed("RoleName")]
EventType = Annotated[str, _listed("EventType")]
StageName = Annotated[str, _listed("StageName")]
FlagName = Annotated[str, _listed("FlagName")]
KpiName = Annotated[str, _listed("KpiName")]
MeasureName = Annotated[str, _listed("MeasureName")]
FunnelStepName = Annotated[str, _listed("FunnelStepName")]
RecordKind = Annotated[str, _listed("RecordKind")]
TimerKind = Annotated[str, _listed("TimerKind")]
DeadlineName = Annotated[str, _listed("DeadlineName")]

_SAYS = {
    "ProblemCode": "Why a request was refused.",
    "InputCode": "What is wrong with one field.",
    "UnmetCode": "A guard that an act still needs.",
    "ActName": "What can be done with a record.",
    "ActOperation": "The operation that performs an act.",
    "RoleName": "What somebody is, by their token and the roster; another system is `service`, Clinch itself `system`.",
    "EventType": "The type of an event.",
    "StageName": "A stage of a deal: the open ones in their order, then the two that end it.",
    "FlagName": "Odd, but true.",
    "KpiName": "A figure of the catalogue.",
    "MeasureName": "What something is counted as.",
    "FunnelStepName": "A step of the funnel.",
    "RecordKind": "What kind of record was counted.",
    "TimerKind": "What is done when a timer is due.",
    "DeadlineName": "What has to be done by a time.",
}


@cache
def listed() -> dict[str, list[str]]:
    """The values by the name of their list, as the release was made."""
    found: dict[str, list[str]] = orjson.loads((Path(__file__).parent / "known.json").read_bytes())
    return found


def schemas() -> dict[str, Any]:
    """The schemas of all lists, by their names."""
    return {name: {"type": "string", "enum": values, "description": _SAYS[name], MORE_MAY_COME: True} for name, values in listed().items()}


def with_references(node: Any) -> Any:
    """The schemas with each marked field referring to its list."""
    if isinstance(node, list):
        return [with_references(item) for item in node]
    if not isinstance(node, dict):
        return node
    if MARK in node and isinstance(node[MARK], str):
        kept = {key: value for key, value in node.items() if key not in (MARK, "type", "title")}
        return {"$ref": f"#/components/schemas/{node[MARK]}", **kept}
    return {key: with_references(value) for key, value in node.items()}
