"""No stream holds an event about a record outside the caller's scope: random histories against a model."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4, uuid5

import orjson
import pytest_asyncio
from hypothesis import example, given, settings
from hypothesis import strategies as st

from clinch.run.postgres import Postgres
from metrics_svc.feed import queries
from metrics_svc.feed.commands import KNOWN, feed
from metrics_svc.feed.records import WHOSE
from metrics_svc.feed.rules import EVERYTHING, FeedEvent
from metrics_svc.feed.tail import Tail
from metrics_svc.service import service
from shared.access.kinds import ACCOUNTS, CONTRACTS, DEALS, KINDS, LEADS, Kind, reach
from shared.auth import Actor, Role
from shared.events.envelope import REGISTRY, topic
from shared.events.team import PersonTold
from shared.ids import CLINCH
from shared.log.bus import Delivered
from shared.parties import people
from tests.harness import Running, running

PEOPLE = [uuid5(CLINCH, f"person {n}") for n in range(4)]
NORTH, SOUTH, SALES = (uuid5(CLINCH, name) for name in ("north", "south", "sales"))
PATHS: dict[str, list[UUID]] = {"north": [SALES, NORTH], "south": [SALES, SOUTH], "top": [SALES], "none": []}
OWNED = ("lead", "account", "deal", "contract")
WHOLES = {"quote": "deal", "milestone": "contract", "payment": "contract", "contact": "account", "conversion": "lead"}
OPEN = ("team", "person", "product", "price", "policy")
TURNS = {
    "won": "deal.won",
    "reversed": "deal.win_reversed",
    "submitted": "contract.submitted",
    "approved": "contract.approved",
    "withdrawn": "contract.withdrawn",
}

OWNERS = st.sampled_from([*PEOPLE, None])
NUMBERS = st.integers(0, 2)
STEPS = st.lists(
    st.tuples(st.just("own"), st.sampled_from(OWNED), NUMBERS, OWNERS | st.just("silent"), NUMBERS | st.none())
    | st.tuples(st.just("part"), st.sampled_from(sorted(WHOLES)), NUMBERS, NUMBERS, OWNERS | st.just("silent"))
    | st.tuples(st.just("turn"), st.sampled_from(sorted(TURNS)), NUMBERS, OWNERS)
    | st.tuples(
        st.just("made"), st.sampled_from(["lead.captured", "deal.opened", "account.created"]), NUMBERS, OWNERS, st.sampled_from(PEOPLE)
    )
    | st.tuples(st.just("member"), st.sampled_from(["deal", "account"]), NUMBERS, st.sampled_from(PEOPLE), st.booleans())
    | st.tuples(st.just("open"), st.sampled_from(OPEN), NUMBERS)
    | st.tuples(st.just("other"), st.sampled_from(["webhook", "comet"]), NUMBERS)
    | st.tuples(st.just("seat"), st.sampled_from(PEOPLE), st.sampled_from(sorted(PATHS)))
    | st.tuples(st.just("look")),
    min_size=1,
    max_size=30,
)


def id_of(aggregate: str, n: int) -> UUID:
    return uuid5(CLINCH, f"{aggregate} {n}")


@dataclass
class Model:
    """What is known, told by the simplest of means. `known`: the owners of the records; the others: what else decides."""

    messages: list[Delivered] = field(default_factory=list)
    whole: dict[UUID, UUID] = field(default_factory=dict)
    kind: dict[UUID, Kind] = field(default_factory=dict)
    known: dict[UUID, UUID | None] = field(default_factory=dict)
    account: dict[UUID, UUID] = field(default_factory=dict)
    won: set[UUID] = field(default_factory=set)
    in_review: set[UUID] = field(default_factory=set)
    parts: set[tuple[UUID, UUID, str]] = field(default_factory=set)
    seats: dict[UUID, list[UUID]] = field(default_factory=dict)

    def tell(self, type: str, n: int, data: dict[str, Any]) -> Delivered:
        aggregate = type.partition(".")[0]
        subject = id_of(aggregate, n)
        version = 1 + sum(m.key == str(subject) for m in self.messages)
        headers = {
            "ce_id": str(uuid4()),
            "ce_type": f"clinch.{type}.v1",
            "ce_time": "2026-01-01T00:00:00Z",
            "ce_subject": str(subject),
            "ce_sequence": f"{version:019d}",
        }
        made = Delivered(topic(aggregate), 0, 0, str(subject), orjson.dumps(data), headers)
        self.messages.append(made)
        return made

    def owned(self, aggregate: str, n: int, owner: UUID | None) -> None:
        record = id_of(aggregate, n)
        self.known[record], self.kind[record] = owner, KINDS[aggregate]
        if aggregate == "account":
            self.parts = {p for p in self.parts if (p[0], p[2]) != (record, "owner")}
            self.parts |= {(record, owner, "owner")} if owner else set()

    def step(self, step: tuple[Any, ...]) -> Delivered:
        kind, what, n, *more = step
        if kind == "own":
            owner, account = more
            if owner == "silent":
                return self.tell(f"{what}.told", n, {})
            self.owned(what, n, owner)
            says: dict[str, Any] = {"owner_id": owner}
            if account is not None and what != "account":
                says["account_id"] = self.account[id_of(what, n)] = id_of("account", account)
            if what == "contract":
                says["deal_id"] = id_of("deal", n)
            return self.tell(f"{what}.told", n, says)
        if kind == "part":
            whole_n = more[0] if what == "contact" else n  # only a contact moves to another whole
            whole = id_of(WHOLES[what], whole_n)
            says = {} if more[1] == "silent" else {"owner_id": more[1]}
            self.whole[id_of(what, n)] = whole
            if says and whole not in self.known:
                self.known[whole], self.kind[whole] = says["owner_id"], KINDS[WHOLES[what]]
            part_of = WHOSE[what].part_of
            assert part_of is not None
            if WHOLES[what] == "contract":
                says["deal_id"] = id_of("deal", n)
            return self.tell(f"{what}.told", n, {part_of: whole, **says})
        if kind == "turn":
            aggregate = TURNS[what].partition(".")[0]
            self.owned(aggregate, n, more[0])
            (self.won if aggregate == "deal" else self.in_review).discard(id_of(aggregate, n))
            if what in ("won", "submitted"):
                (self.won if what == "won" else self.in_review).add(id_of(aggregate, n))
            deal = {"deal_id": id_of("deal", n)} if aggregate == "contract" else {}
            return self.tell(TURNS[what], n, {"owner_id": more[0], **deal})
        if kind == "made":
            owner, by = more
            aggregate = what.partition(".")[0]
            self.owned(aggregate, n, owner)
            if by != owner:
                self.parts.add((id_of(aggregate, n), by, "creator"))
            return self.tell(what, n, {"owner_id": owner, "actor": {"type": "person", "id": by, "role": "rep"}})
        if kind == "member":
            person, added = more
            given = (id_of(what, n), person, "member")
            self.parts = self.parts | {given} if added else self.parts - {given}
            return self.tell(f"{what}.member_{'added' if added else 'removed'}", n, {"person_id": person, "part": "member"})
        return self.tell(f"{what}.told", n, {})

    def sees(self, actor: Actor, message: Delivered) -> bool:
        aggregate, subject = message.topic.split(".")[1], UUID(message.key)
        if aggregate in OPEN:
            return True
        if aggregate not in (*OWNED, *WHOLES):
            return actor.has(Role.admin, Role.ops, Role.system)
        return self.sees_record(actor, self.whole.get(subject, subject), KINDS[WHOLES.get(aggregate, aggregate)])

    def sees_record(self, actor: Actor, record: UUID, kind: Kind) -> bool:
        how_far = reach(kind, actor)
        if how_far.everything:
            return True
        if record not in self.known:
            return False
        owner = self.known[record]
        mine = {id for id, person, _ in self.parts if person == actor.id}
        numbers = [n for n in range(3) if record == id_of("contract", n)]
        deal = id_of("deal", numbers[0]) if kind is CONTRACTS else None
        own_team = (self.seats.get(actor.id) or [None])[-1]
        reasons = [
            owner == actor.id,
            owner is None and how_far.pool,
            owner is not None and how_far.tree and own_team is not None and own_team in self.seats.get(owner, []),
            record in mine or (kind is CONTRACTS and deal in mine and self.names_deal(record)),
            how_far.accounts and self.account.get(record) in mine and (kind is CONTRACTS or (kind is DEALS and record in self.won)),
            how_far.review and kind is DEALS and any(self.names_deal(c) for c in self.in_review if self.deal_of(c) == record),
            kind is ACCOUNTS and any(self.sees_record(actor, r, self.kind[r]) for r, a in self.account.items() if a == record),
        ]
        return any(reasons)

    @staticmethod
    def deal_of(contract: UUID) -> UUID:
        return next(id_of("deal", n) for n in range(3) if id_of("contract", n) == contract)

    def names_deal(self, contract: UUID) -> bool:
        """Whether anything was told of the contract that names its deal: everything that tells its owner does."""
        return contract in self.known


@pytest_asyncio.fixture(scope="module")
async def one(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres) as svc:
        yield svc


MOVES = [  # a contact to another account, that one to another owner, a manager to another team
    ("seat", PEOPLE[3], "north"),
    ("own", "account", 0, PEOPLE[0], None),
    ("own", "account", 1, PEOPLE[3], None),
    ("part", "contact", 0, 0, "silent"),
    ("seat", PEOPLE[1], "top"),
    ("look",),
    ("part", "contact", 0, 1, "silent"),
    ("look",),
    ("own", "account", 1, PEOPLE[0], None),
    ("seat", PEOPLE[1], "south"),
]
DEAL_TEAM = [  # a won deal of an account, its contract in review, and who gets a part in it after a look
    ("own", "account", 0, PEOPLE[0], None),
    ("own", "deal", 0, PEOPLE[1], 0),
    ("own", "contract", 0, PEOPLE[1], 0),
    ("look",),
    ("turn", "won", 0, PEOPLE[1]),
    ("turn", "submitted", 0, PEOPLE[1]),
    ("member", "deal", 0, PEOPLE[3], True),
    ("look",),
    ("own", "account", 0, PEOPLE[2], None),
    ("look",),
    ("member", "deal", 0, PEOPLE[3], False),
    ("turn", "approved", 0, PEOPLE[1]),
    ("turn", "submitted", 0, PEOPLE[1]),
    ("turn", "withdrawn", 0, PEOPLE[1]),
]
READERS = [(person, {role}) for person in PEOPLE[2:] for role in (Role.rep, Role.csm, Role.legal, Role.finance, Role.support)]


@settings(max_examples=120, deadline=None)
@example(steps=MOVES, actors=[(PEOPLE[3], {Role.rep})])
@example(steps=MOVES[:-1], actors=[])
@example(steps=DEAL_TEAM, actors=READERS)
@example(steps=DEAL_TEAM[:7], actors=READERS)
@given(
    steps=STEPS,
    actors=st.lists(
        st.tuples(st.sampled_from(PEOPLE), st.sets(st.sampled_from(list(Role)), min_size=1, max_size=2)), min_size=1, max_size=4
    ),
)
async def test_each_reader_gets_what_they_may_see_and_nothing_else(
    one: Running, steps: list[tuple[Any, ...]], actors: list[tuple[UUID, set[Role]]]
) -> None:
    model, tail = Model(), Tail(one.db, one.settings, asyncio.Event(), service="test")
    async with one.db.connection() as conn:
        await conn.execute("TRUNCATE feed, feed_head, feed_owner, roster, membership")
    readers = [*actors, (PEOPLE[0], {Role.rep}), (PEOPLE[1], {Role.manager}), (PEOPLE[2], {Role.marketing})]
    given = [Actor.of(person, roles, ["deals:read"]) for person, roles in readers]
    await tail._look()
    for actor in given:
        await tail.know(actor)
    for n, step in enumerate(steps):
        if step[0] == "look":
            await tail._look()
            continue
        async with one.transaction() as tx:
            if step[0] == "seat":
                model.seats[step[1]] = path = PATHS[step[2]]
                team = path[-1] if path else None
                await people.keep(tx, step[1], PersonTold(role="rep", team_id=team, team_path=path), n + 1)
            else:
                await feed(tx, [model.step(step)])
    await tail._look()
    for actor in given:
        expected = [n for n, message in enumerate(model.messages, 1) if model.sees(actor, message)]
        assert [e.position for e in await from_table(one, actor)] == expected
        start = max(tail._before, 0)
        found = await tail.read(start, actor, EVERYTHING, 500)
        assert [e.position for e in found.items] == [n for n in expected if n > start]


async def from_table(svc: Running, actor: Actor) -> list[FeedEvent]:
    found: list[FeedEvent] = []
    position = 0
    while True:
        async with svc.db.read() as db:
            part = await queries.after(db, position, actor=actor, limit=3)
        found += part.items
        position = part.next_after
        if position == part.latest:
            return found


EVENTS = [REGISTRY[type_] for type_ in KNOWN]


def test_each_event_of_the_contract_is_somebodys() -> None:
    """As its class says: a new aggregate reaches the streams of those who see its record without a change here."""
    assert {e.aggregate for e in EVENTS} == set(WHOSE)
    ours = {"webhook", "notification_channel", "hand_over", "view", "lead_duplicate", "account_duplicate", "contact_duplicate"}
    assert {aggregate for aggregate, whose in WHOSE.items() if whose.audience == "operations"} == ours
    assert {whose.kind for whose in WHOSE.values() if whose.audience is None} == {LEADS.name, ACCOUNTS.name, DEALS.name, CONTRACTS.name}


def test_every_event_that_can_change_an_owner_tells_it() -> None:
    tells = {e.type.split(".", 1)[1] for e in EVENTS if e.owned_by is not None and e.owned_by in e.model_fields}
    assert {"account.created.v1", "account.updated.v1", "lead.captured.v1", "lead.assigned.v1", "lead.updated.v1"} <= tells
    assert {"deal.opened.v1", "deal.updated.v1", "contract.drafted.v1", "contract.changed.v1"} <= tells
