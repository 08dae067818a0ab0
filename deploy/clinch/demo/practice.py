"""What this company has agreed on for its leads: how they are scored, who gets them, what counts as the same one."""

from collections.abc import Mapping, Sequence
from typing import Any

from clinch.demo import staff
from clinch.demo.calls import Calls, Hand, Refused
from clinch.demo.tables import LARGE, REGIONS

Values = Mapping[str, Any]
WHY = "As the sales team has agreed"


def _is(field: str, *values: str, op: str = "is") -> Values:
    return {"field": field, "op": op, "values": [*values]}


def _attribute(name: str, standard: str, points: int, *conditions: Values) -> Values:
    return {"name": name, "standard": standard, "points": points, "conditions": [*conditions]}


def _behaviour(name: str, points: int, *kinds: str, repeat: str = "window", most: int = 3) -> Values:
    return {"name": name, "kinds": [*kinds], "points": points, "repeat": repeat, "most": most, "counts_past": True}


def _rule(name: str, people: Sequence[str], *conditions: Values) -> Values:
    return {"name": name, "people": [{"person": person} for person in people], "strategy": "least_loaded", "conditions": [*conditions]}


DOCUMENTS: Mapping[str, Values] = {
    "duplicates": {"compares": True, "phone_region": "CN"},
    "assignment": {
        "rules": [
            _rule("Large companies", ["dev-kam"], _is("size", LARGE.name)),
            *(_rule(region.name, region.sellers, _is("region", region.name)) for region in REGIONS),
        ]
    },
    "automation": {
        "rules": [
            {
                "name": "Demo asked for",
                "on": ["signal"],
                "of": ["demo_requested"],
                "do": [{"kind": "set_task", "text": "Offer three dates for a demo", "hours": 4}],
            }
        ]
    },
    "pool": {"claims_a_day": 10, "claim_again_days": 30},
    "scoring": {
        "threshold": 50,
        "attributes": [
            _attribute("wants something that we sell", "need_fit", 10, _is("product", op="known")),
            _attribute("decides with few others", "decision_chain", 20, _is("job_title", "director", "CIO", op="contains")),
            _attribute("can pay for it", "purchasing_power", 15, _is("size", "201-1000", LARGE.name)),
        ],
        "behaviours": [
            _behaviour("asked for a demo", 40, "demo_requested", repeat="once"),
            _behaviour("came to the webinar", 20, "webinar", repeat="once"),
            _behaviour("downloaded", 15, "download", most=2),
            _behaviour("looked at products", 5, "product_page", most=4),
        ],
    },
}


A_YEAR: Mapping[str, Values] = {"company": {"backdate_days": 400}}
"""While the demo tells of its year, everybody may say so late what they did."""
MEANWHILE = "While the demo tells of its year"


async def widen(calls: Calls, key: str) -> Mapping[str, Values]:
    """Let everybody tell of a year. What has to be adopted afterwards, so that what was agreed before counts again."""
    await adopt(calls, key, A_YEAR, MEANWHILE)
    before: dict[str, Values] = {}
    for name in A_YEAR:
        path = f"/v1/policies/{name}"
        active = await calls.get(path, by=staff.SALES_OPS)
        version = await calls.get(f"{path}/versions/{active['number']}", by=staff.SALES_OPS)
        if version["note"] == MEANWHILE:  # also the one of a demo that was cut off
            before[name] = {change["pointer"].removeprefix("/"): change["before"] for change in version["changes"]}
    return before


async def adopt(calls: Calls, key: str, documents: Mapping[str, Values] = DOCUMENTS, note: str = WHY) -> None:
    """Make these documents active: drafted by sales operations, approved by the director. What is active already stays as it is."""
    for name, values in documents.items():
        path, hand = f"/v1/policies/{name}", Hand(calls, f"{key}/{name}")
        try:
            draft = await hand.post(staff.SALES_OPS, f"{path}/versions", document=values, note=note)
        except Refused as refused:
            if refused.code != "no_change":
                raise
            continue
        version = f"{path}/versions/{draft['number']}"
        await hand.post(staff.DIRECTOR, f"{version}/approve")
        await hand.post(staff.SALES_OPS, f"{version}/activate")
