"""What people read for states, reasons, roles, acts, events and KPIs, in two languages."""

import re

import pytest

from clinch.dev.documents import published
from metrics_svc.kpi import all_measures, catalogue
from shared.auth import Role
from shared.events.stages import STAGES
from tests.harness import Running

CHINESE = re.compile(r"[\u4e00-\u9fff]")
SAME = {"MQL", "SQL", "BANT"}


async def groups(svc: Running, lang: str) -> dict[str, dict[str, str]]:
    async with svc.client("auditor") as client:
        answer = await client.get("/v1/labels", params={"lang": lang})
    assert (answer.status_code, answer.json()["lang"]) == (200, lang)
    found: dict[str, dict[str, str]] = answer.json()["groups"]
    return found


async def test_both_languages_name_the_same_things(svc: Running) -> None:
    english, chinese = await groups(svc, "en"), await groups(svc, "zh")
    assert {group: named.keys() for group, named in english.items()} == {group: named.keys() for group, named in chinese.items()}
    assert all(label and not CHINESE.search(label) for named in english.values() for label in named.values())
    plain = {label for named in chinese.values() for label in named.values() if not CHINESE.search(label)}
    assert plain <= SAME


async def test_every_role_stage_kpi_measure_and_event_has_a_name(svc: Running) -> None:
    chinese = await groups(svc, "zh")
    assert chinese["role"].keys() == {role.value for role in Role}
    assert chinese["kpi"].keys() == catalogue().keys()
    assert all_measures().keys() <= chinese["measure"].keys()
    assert chinese["event"].keys() == published().keys()
    assert chinese["stage"].keys() == {*(stage.name for stage in STAGES), "won", "lost"}
    assert chinese["lead_state"]["sql"] == "销售合格"
    assert chinese["kind_of_signal"]["visit"] == "访问"
    assert chinese["interaction"]["visit"] == "拜访"


@pytest.mark.parametrize("lang", ["fr", ""])
async def test_another_language_is_refused(svc: Running, lang: str) -> None:
    async with svc.client("rep") as client:
        assert (await client.get("/v1/labels", params={"lang": lang})).status_code == 422


async def test_without_a_token_there_are_none(svc: Running) -> None:
    async with svc.client("rep") as client:
        assert (await client.get("/v1/labels", headers={"Authorization": ""})).status_code == 401
