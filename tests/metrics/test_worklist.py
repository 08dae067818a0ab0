"""Open work over all services: what opens, changes and settles each kind, whose it is, who sees it, and who is asked."""

import random
from typing import Any
from uuid import UUID, uuid5

import pytest

from shared.events import contract, deal
from shared.events import quote as of_quotes
from shared.events.approvals import ApprovalStepData
from shared.events.envelope import ActorRef, Envelope
from shared.events.team import PersonAdded, PersonChanged
from shared.ids import CLINCH, new_id
from shared.worklist.kinds import KINDS
from tests.client import done
from tests.harness import Running
from tests.metrics.told import Contract, Deal, FollowUp, Lead, Milestone, Response, Story, Timed, events_of, hear, money, on, person

SALES, NORTH, SOUTH = (uuid5(CLINCH, name) for name in ("sales", "north", "south"))
SEATS: dict[str, tuple[str, list[UUID]]] = {
    "mia": ("manager", [SALES, NORTH]),
    "ann": ("rep", [SALES, NORTH]),
    "bob": ("rep", [SALES, SOUTH]),
    "lea": ("legal", [SALES]),
    "lou": ("legal", [SALES]),
}
ANN: dict[str, Any] = {"owner_id": person("ann"), "team_id": NORTH}
BOB: dict[str, Any] = {"owner_id": person("bob"), "team_id": SOUTH}


class Step(Story):
    """The next step of a deal."""

    def __init__(self, key: str, of: Deal, **who: Any) -> None:
        super().__init__(key, "deal_task")
        self.data = {"deal_id": of.id, "kind": "next_step", **who}

    def told(self, event: type[deal.DealTaskEvent], at: Any, due_at: Any) -> "Step":
        self.tell(at, event(**self.data, due_at=due_at))
        return self


class Review(Story):
    """The approval of a contract: legal and the manager side by side, finance after both."""

    def __init__(self, key: str, of: Contract, by: str) -> None:
        super().__init__(key, "contract_approval")
        whose = {name: of.data[name] for name in ("owner_id", "team_id") if name in of.data}
        self.of, self.data = of, {"contract_id": of.id, "deal_id": of.data["deal_id"], "revision": 1, **whose}
        steps = [_asked("legal", 1), _asked("manager", 1), _asked("finance", 2)]
        self.tell(
            on(5), contract.ContractApprovalRequested(content_hash="h", requested_by=person(by), steps=steps, policy_version=1, **self.data)
        )

    def decided(self, step: str, by: str, *, state: Any = "open", opened: tuple[str, ...] = (), ended: tuple[str, ...] = ()) -> "Review":
        said = {"content_hash": "h", "requested_at": on(5), "opened": [_asked(name, 2) for name in opened], "ended": list(ended)}
        decision: Any = "rejected" if state == "rejected" else "approved"
        told = contract.ContractApprovalDecided(step=step, decision=decision, state=state, **said, **self.data)
        by_person = ActorRef(type="person", id=person(by), role="legal")
        self.tell(on(6), told.model_copy(update={"actor": by_person}))
        return self

    def delegated(self, step: str, to: str) -> "Review":
        self.tell(on(6), contract.ContractApprovalDelegated(step=step, person_id=person(to), **self.data))
        return self

    def withdrawn(self, *ended: str) -> "Review":
        self.tell(on(7), contract.ContractApprovalWithdrawn(content_hash="h", ended=list(ended), **self.data))
        return self


def _asked(name: str, position: int) -> ApprovalStepData:
    return ApprovalStepData(name=name, position=position, roles=[name], due_at=on(9) if position == 1 else None)


async def seat(svc: Running) -> None:
    for name, (role, path) in SEATS.items():
        await svc.hear(PersonAdded(role=role, team_id=path[-1], team_path=path), subject=person(name))


async def listed(svc: Running, role: str = "admin", name: str = "x", /, **asked: Any) -> list[Any]:
    async with svc.client(role, name) as client:
        answer = await client.get("/v1/tasks", params=asked)
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


async def kinds(svc: Running, role: str = "admin", name: str = "x", /, **asked: Any) -> list[str]:
    return [item["what"] or item["kind"] for item in await listed(svc, role, name, **asked)]


async def test_a_follow_up_is_listed_with_its_lead_until_it_is_done(svc: Running) -> None:
    lead = Lead("l").captured(on(0), account_name="Acme", account_id=new_id(), **ANN)
    task = FollowUp("f", lead, **ANN).set(on(1), on(3))
    await hear(svc, events_of([lead, task]))
    (item,) = await listed(svc)
    assert item == {
        "id": str(task.id),
        "kind": "follow_up",
        "what": None,
        "subject": "lead",
        "subject_id": str(lead.id),
        "subject_name": "Acme",
        "account_id": item["account_id"],
        "account_name": None,
        "assignee_id": str(person("ann")),
        "team_id": str(NORTH),
        "roles": [],
        "since": "2025-01-02T00:00:00Z",
        "due_at": "2025-01-04T00:00:00Z",
        "overdue": False,
        "escalated": False,
        "content_hash": None,
        "quote_id": None,
        "amount": None,
        "settled_by": [
            {
                "service": "lead-svc",
                "operation_id": "log_interaction",
                "method": "POST",
                "path": f"/v1/leads/{lead.id}/interactions",
            }
        ],
    }
    task.set(on(2), on(8))
    await hear(svc, task.events[1:])
    assert [(i["since"], i["due_at"]) for i in await listed(svc)] == [("2025-01-02T00:00:00Z", "2025-01-09T00:00:00Z")], "moved"
    task.done(on(4))
    await hear(svc, task.events[2:])
    assert await listed(svc) == []


async def test_work_goes_with_its_record_to_another_owner(svc: Running) -> None:
    lead = Lead("l").captured(on(0), **ANN)
    task = FollowUp("f", lead, **ANN).set(on(1), on(3))
    lead.assigned(on(2), BOB["owner_id"], BOB["team_id"])
    await hear(svc, [*lead.events, *task.events])
    assert [(i["assignee_id"], i["team_id"]) for i in await listed(svc)] == [(str(person("bob")), str(SOUTH))], "though the task said ann"


async def test_each_kind_of_work_is_opened_and_settled_by_its_events(svc: Running) -> None:
    lead = Lead("l").captured(on(0), **ANN)
    sale = Deal("d", **ANN).opened(on(0))
    paper = Contract("C-1", sale, 100).drafted(on(1))
    response = Response("r", lead, **ANN).started(on(1), on(2))
    step = Step("s", sale, **ANN).told(deal.DealTaskSet, on(1), on(4))
    accept = Timed("t", paper).started(on(1), on(5))
    rest = Milestone("m", 100, paper).due(on(6), told_at=on(2))
    await hear(svc, events_of([lead, sale, paper, response, step, accept, rest]))
    found = await listed(svc)
    assert [(i["kind"], i["subject"], i["subject_name"]) for i in found] == [
        ("first_response", "lead", None),
        ("next_step", "deal", None),
        ("acceptance", "contract", "C-1"),
        ("milestone", "contract", "C-1"),
    ], "by their due time"
    assert [i["overdue"] for i in found] == [False] * 4
    assert found[-1]["amount"] == {"amount": "100.00", "currency": "CNY"}
    assert found[-1]["settled_by"][1]["path"] == f"/v1/contracts/{paper.id}/milestones/{rest.id}/waive"
    response.missed()
    step.told(deal.DealTaskDue, on(4), on(4))
    accept.missed()
    rest.tell(on(6), contract.MilestoneOverdue(due_at=on(6), outstanding=money(100), **rest.data))
    rest.tell(on(7), contract.MilestonePartlyPaid(paid=money(40), **rest.data))
    await hear(svc, [e for story in (response, step, accept, rest) for e in story.events[1:]])
    found = await listed(svc, overdue="true")
    assert [(i["kind"], i["escalated"]) for i in found] == [
        ("first_response", True),
        ("next_step", False),
        ("acceptance", False),
        ("milestone", False),
    ]
    assert found[-1]["amount"]["amount"] == "60.00"
    ends = [response.given(on(8), 60), step.told(deal.DealTaskDone, on(8), on(4)), accept.met(on(8))]
    rest.tell(on(8), contract.MilestonePaid(paid_at=on(8), **rest.data))
    await hear(svc, [story.events[-1] for story in (*ends, rest)])
    assert await listed(svc) == []
    rest.tell(on(9), contract.MilestoneReopened(paid=money(30), **rest.data))
    await hear(svc, rest.events[-1:])
    assert [(i["kind"], i["amount"]["amount"], i["due_at"]) for i in await listed(svc)] == [("milestone", "70.00", "2025-01-07T00:00:00Z")]


async def test_an_approval_waits_for_those_who_are_asked_and_free_to_decide(svc: Running) -> None:
    await seat(svc)
    sale = Deal("d", **ANN).opened(on(0))
    paper = Contract("C-1", sale, 100).drafted(on(1))
    review = Review("a", paper, by="lou")
    await hear(svc, events_of([sale, paper, review]))
    assert sorted(await kinds(svc)) == ["legal", "manager"], "finance comes after both"
    assert await kinds(svc, "legal", "lea", assignee="me") == ["legal"]
    assert await kinds(svc, "legal", "lou", assignee="me") == [], "lou asked for it"
    assert await kinds(svc, "manager", "mia", assignee="me") == ["manager"]
    assert await kinds(svc, "rep", "ann", assignee="me") == [], "the owner decides nothing of it"
    assert await kinds(svc, "admin", "x", assignee=str(person("lea"))) == ["legal"], "by the roster's role"
    review.delegated("manager", "bob")
    review.decided("legal", "lea")
    await hear(svc, review.events[1:])
    assert await kinds(svc, "manager", "mia", assignee="me") == []
    assert await kinds(svc, "admin", "x", assignee=str(person("bob"))) == ["manager"]
    await svc.hear(PersonChanged(role="rep", team_id=SOUTH, team_path=[SALES, SOUTH], active=False), subject=person("bob"), version=2)
    assert await kinds(svc, "manager", "mia", assignee="me") == ["manager"], "bob has left"
    review.decided("manager", "mia", opened=("finance",))
    await hear(svc, review.events[3:])
    assert await kinds(svc, "finance", "fin", assignee="me") == ["finance"]
    assert await kinds(svc, "legal+finance", "lea", assignee="me") == [], "lea gave another part"
    review.withdrawn("finance")
    await hear(svc, review.events[4:])
    assert await kinds(svc) == []


async def test_approvals_of_quotes_and_contracts_are_one_list(svc: Running) -> None:
    """Those of a quote are about its deal, name the operation that decides them, and are gone with the decision."""
    await seat(svc)
    sale = Deal("d", **ANN).opened(on(0))
    paper = Contract("C-1", sale, 100).drafted(on(1))
    review = Review("a", paper, by="ann")
    quote = new_id()
    asked = Story("q", "quote_approval")
    about = {"quote_id": quote, "deal_id": sale.id, "number": "Q-1", "revision": 1, "tier": "director_finance", **ANN}
    steps = [_asked("manager", 1), _asked("finance", 1)]
    asked.tell(
        on(5), of_quotes.QuoteApprovalRequested(content_hash="q", requested_by=person("ann"), steps=steps, policy_version=1, **about)
    )
    await hear(svc, events_of([sale, paper, review, asked]))

    async def waiting(role: str, name: str, **more: Any) -> list[tuple[str, str]]:
        async with svc.client(role, name) as client:
            items = done(await client.get("/v1/approvals", params=more), 200)["items"]
        return sorted((item["subject"], item["what"]) for item in items)

    assert await waiting("admin", "x") == [("contract", "legal"), ("contract", "manager"), ("deal", "finance"), ("deal", "manager")]
    assert await waiting("manager", "mia", **{"for": "me"}) == [("contract", "manager"), ("deal", "manager")]
    assert await waiting("rep", "ann", **{"for": "me"}) == [], "nobody decides their own"
    (item,) = await listed(svc, "manager", "mia", assignee="me", subject="deal")
    assert (item["quote_id"], item["content_hash"]) == (str(quote), "q")
    assert [o["path"] for o in item["settled_by"]] == [f"/v1/quotes/{quote}/decisions"]
    said = {
        "content_hash": "q",
        "requested_at": on(5),
        "step": "manager",
        "decision": "rejected",
        "state": "rejected",
        "ended": ["finance"],
    }
    asked.tell(on(6), of_quotes.QuoteApprovalDecided.model_validate({**said, **about}))
    await hear(svc, asked.events[1:])
    assert await waiting("admin", "x", subject="deal") == []


async def test_a_rejected_approval_leaves_nothing_to_decide(svc: Running) -> None:
    sale = Deal("d", **ANN).opened(on(0))
    paper = Contract("C-1", sale, 100).drafted(on(1))
    review = Review("a", paper, by="ann").decided("legal", "lea", state="rejected", ended=("manager",))
    await hear(svc, events_of([sale, paper, review]))
    assert await kinds(svc) == []


async def test_filters_find_work_by_person_team_kind_and_time(svc: Running) -> None:
    await seat(svc)
    lead = Lead("l").captured(on(0), **ANN)
    other = Lead("o").captured(on(0), **BOB)
    free = Lead("p").captured(on(0))
    stories = [FollowUp("1", lead, **ANN).set(on(1), on(3)), FollowUp("2", other, **BOB).set(on(1), on(4)), Response("3", free)]
    stories[2].started(on(1), on(5))  # type: ignore[attr-defined]
    await hear(svc, events_of([lead, other, free, *stories]))
    ids = [str(story.id) for story in stories]

    async def found(role: str = "admin", name: str = "x", /, **asked: Any) -> list[int]:
        return [ids.index(item["id"]) for item in await listed(svc, role, name, **asked)]

    assert await found() == [0, 1, 2]
    assert await found(sort="-due_at") == [2, 1, 0]
    assert await found(assignee=str(person("bob"))) == [1]
    assert await found("rep", "ann", assignee="me") == [0]
    assert await found("manager", "mia", assignee="my_team") == [0]
    assert await found(assignee="none") == [2]
    assert await found(team=str(SALES)) == [0, 1], "with the teams below"
    assert await found(team_id=str(SOUTH)) == [1]
    assert await found(kind="follow_up") == [0, 1]
    assert await found(subject_id=str(other.id)) == [1]
    assert await found(subject="deal") == []
    assert await found(**{"due[gte]": "2025-01-05T00:00:00Z"}) == [1, 2]
    assert await found(**{"due[lt]": "2025-01-05T00:00:00Z"}) == [0]


async def test_several_people_at_once_are_refused(svc: Running) -> None:
    async with svc.client("admin", "x") as client:
        for given in (f"{person('ann')},{person('bob')}", "me,my_team", "nobody"):
            answer = await client.get("/v1/tasks", params={"assignee": given})
            assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "assignee"), given


async def test_a_page_goes_on_where_the_one_before_ended_also_among_what_has_no_due_time(svc: Running) -> None:
    sale = Deal("d", **ANN).opened(on(0))
    paper = Contract("C-1", sale, 100).drafted(on(1))
    review = Review("a", paper, by="ann").decided("legal", "lea").decided("manager", "mia", opened=("finance",))
    tasks = [FollowUp(str(n), Lead(f"l{n}").captured(on(0), **ANN), **ANN).set(on(1), on(2)) for n in range(5)]
    await hear(svc, events_of([sale, paper, review, *[task.of for task in tasks], *tasks]))
    assert await kinds(svc, assignee="none") == [], "an approval waits for its roles"
    seen, cursor = [], None
    async with svc.client("admin", "x") as client:
        while True:
            answer = (await client.get("/v1/tasks", params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
            seen += answer["items"]
            cursor = answer["next_cursor"]
            if cursor is None:
                break
    assert len(seen) == len({item["id"] for item in seen}) == 6
    assert [item["due_at"] is None for item in seen] == [False] * 5 + [True]


async def test_the_list_is_a_file_for_a_spreadsheet_too(svc: Running) -> None:
    lead = Lead("l").captured(on(0), account_name="Acme", **ANN)
    await hear(svc, events_of([lead, FollowUp("f", lead, **ANN).set(on(1), on(3))]))
    async with svc.client("director") as client:
        answer = await client.get("/v1/tasks", params={"fields": "kind,subject_name,due_at"}, headers={"Accept": "text/csv"})
    assert answer.status_code == 200, answer.text
    head, row = answer.text.removeprefix("\ufeff").splitlines()
    assert (head, row.split(",")[:2]) == ("kind,subject_name,due_at", ["follow_up", "Acme"])


@pytest.mark.parametrize("seed", range(6))
async def test_the_order_in_which_records_are_heard_does_not_matter(svc: Running, seed: int) -> None:
    lead = Lead("l").captured(on(0), **ANN).assigned(on(3), BOB["owner_id"], SOUTH)
    sale = Deal("d", **ANN).opened(on(0), account_name="Acme").handed(on(4), person("bob"), SOUTH)
    paper = Contract("C-1", sale, 100).drafted(on(1)).handed(on(4), person("ann"), NORTH)
    stories: list[Story] = [lead, sale, paper, Review("a", paper, by="ann").decided("legal", "lea"), Milestone("m", 10, paper).due(on(2))]
    stories += [FollowUp("f", lead, **ANN).set(on(1), on(3)).due(), Step("s", sale, **ANN).told(deal.DealTaskSet, on(1), on(4))]
    heard = _shuffled(stories, random.Random(seed))
    await hear(svc, heard, batch=1 + seed)
    found = {(item["kind"], item["what"], item["assignee_id"], item["subject_name"]) for item in await listed(svc)}
    assert found == {
        ("follow_up", None, str(person("bob")), None),
        ("next_step", None, str(person("bob")), "Acme"),
        ("approval", "manager", None, "C-1"),
        ("milestone", None, str(person("ann")), "C-1"),
    }


def _shuffled(stories: list[Story], chance: random.Random) -> list[Envelope[Any]]:
    """Each story in its own order, the stories mixed."""
    left = {story.id: list(story.events) for story in stories}
    turns = [id for id, events in left.items() for _ in events]
    chance.shuffle(turns)
    return [left[id].pop(0) for id in turns]


async def test_who_sees_a_record_sees_its_work(svc: Running) -> None:
    await seat(svc)
    lead, free = Lead("l").captured(on(0), **ANN), Lead("p").captured(on(0))
    sale = Deal("d", **BOB).opened(on(0))
    paper = Contract("C-1", sale, 100).drafted(on(1))
    stories: list[Story] = [FollowUp("f", lead, **ANN).set(on(1), on(1)), Response("r", free).started(on(1), on(2))]
    stories += [Step("s", sale, **BOB).told(deal.DealTaskSet, on(1), on(3)), Milestone("m", 10, paper).due(on(4))]
    await hear(svc, events_of([lead, free, sale, paper, *stories]))
    everything = ["follow_up", "first_response", "next_step", "milestone"]
    assert await kinds(svc, "director") == everything
    assert await kinds(svc, "rep", "ann") == ["follow_up", "first_response"], "with the pool"
    assert await kinds(svc, "rep", "bob") == ["first_response", "next_step", "milestone"]
    assert await kinds(svc, "manager", "mia") == ["follow_up", "first_response"]
    assert await kinds(svc, "marketing") == ["follow_up", "first_response"]
    assert await kinds(svc, "legal", "lea") == ["milestone"]
    assert await kinds(svc, "csm", "cas") == []


def test_every_kind_says_what_settles_it_and_is_heard_by_its_subject() -> None:
    assert all(kind.settled_by for kind in KINDS.values())
    assert {kind.subject for kind in KINDS.values()} == {"lead", "deal", "contract"}
