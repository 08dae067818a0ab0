"""`GET /v1/me`: who asks, what they see, and what they may ever do, over all services."""

from collections.abc import Iterator

from clinch.dev.acts import acts_in
from clinch.dev.documents import published
from clinch.run.services import load
from clinch.run.settings import SERVICES
from lead_svc.me.queries import known_acts
from tests.harness import Running
from tests.lead.desk import Desk


async def test_a_rep_sees_their_own_and_works_on_it(desk: Desk) -> None:
    me = await desk.ask("ann", "GET", "/v1/me")
    assert (me["person"]["name"], [team["name"] for team in me["teams"]], me["roles"]) == ("Ann", ["sales", "north"], ["rep"])
    sees = {seen["kind"]: (seen["how"], seen["masked"]) for seen in me["sees"]}
    assert sees["lead"] == (["own", "pool"], False)
    acts = {(act["record"], act["action"]): act["on"] for act in me["acts"]}
    assert acts["lead", "qualify"] == ["own"]
    assert ("hand_over", "hand_over") not in acts
    assert {act["service"] for act in me["acts"]} == {"lead-svc", "deal-svc", "contract-svc"}


async def test_an_auditor_sees_all_masked_and_does_nothing_to_leads(desk: Desk) -> None:
    me = await desk.ask("auditor", "GET", "/v1/me")
    assert (me["person"], me["teams"]) == (None, [])
    assert {(tuple(s["how"]), s["masked"]) for s in me["sees"] if s["kind"] in ("lead", "account", "deal", "contract")} == {
        (("every",), True)
    }
    assert not [act for act in me["acts"] if act["record"] == "lead"]


async def test_every_declared_act_is_known(svc: Running) -> None:
    def declared() -> Iterator[tuple[str, str, str]]:
        for service in map(load, SERVICES):
            for act in acts_in(service):
                if act.operation is not None and (act.who.roles or act.who.scope):
                    yield service.name, act.of.name, act.name

    known = {(act.service, act.record, act.action) for act in known_acts()}
    assert known == set(declared())
    for service in map(load, SERVICES):
        shared_ones = {("operations", "operate"), ("operations", "audit"), ("policy_version", "draft"), ("policy_version", "approve")}
        assert {(service.name, *act) for act in shared_ones} <= known
    assert {("lead-svc", "import", "import"), ("deal-svc", "import", "correct"), ("lead-svc", "rate", "set")} <= known
    assert {"import_leads", "import_rates"} <= {act.operation_id for act in known_acts()}


async def test_what_all_services_share_is_listed_too(desk: Desk) -> None:
    me = await desk.ask("auditor", "GET", "/v1/me")
    assert {(act["service"], act["action"]) for act in me["acts"] if act["record"] == "operations"} == {
        (load(name).name, "audit") for name in SERVICES
    }
    director = await desk.ask("director", "GET", "/v1/me")
    assert ("deal-svc", "approve_policy") in {(act["service"], act["operation_id"]) for act in director["acts"]}


async def test_many_people_are_found_by_their_ids(desk: Desk) -> None:
    ids = ",".join(desk.id(name) for name in ("ann", "sue", "max"))
    found = await desk.ask("legal", "GET", "/v1/team/people", id=ids, limit=200)
    assert {person["name"] for person in found["items"]} == {"Ann", "Sue", "Max"}


def test_no_event_tells_a_persons_name() -> None:
    """Names of people stay in lead-svc; an account's, a team's, a product's, a price list's, a campaign's or a deal's name is nobody's."""
    named = {type_.split(".", 1)[1] for type_, event in published().items() if "name" in event.model_fields}
    assert {name.partition(".")[0] for name in named} <= {
        "account",
        "team",
        "product",
        "price_list",
        "quote_template",
        "policy",
        "campaign",
        "deal",
    }
    personal = {"email", "phone", "contact_name", "person_name", "owner_name"}
    assert not [type_ for type_, event in published().items() if personal & event.model_fields.keys()]
