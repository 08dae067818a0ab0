"""No stream holds an event about a row outside the caller's scope: random histories against a model."""

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
from metrics_svc.feed.rules import EVERYTHING, OWNED, PART_OF, SHOWN, VISIBLE_TO_ALL, FeedEvent
from metrics_svc.feed.tail import Tail
from metrics_svc.service import service
from shared import roster
from shared.auth import Actor, Role
from shared.db.scope import may_see, reach
from shared.events.envelope import REGISTRY, topic
from shared.ids import CLINCH
from shared.log.bus import Delivered
from tests.harness import Running, running

PEOPLE = [uuid5(CLINCH, f"person {n}") for n in range(4)]
NORTH, SOUTH, SALES = (uuid5(CLINCH, name) for name in ("north", "south", "sales"))
PATHS: dict[str, list[UUID]] = {"north": [SALES, NORTH], "south": [SALES, SOUTH], "top": [SALES], "none": []}
WHOLES = {"quote": "deal", "milestone": "contract", "payment": "contract", "contact": "account", "conversion": "lead"}

OWNERS = st.sampled_from([*PEOPLE, None])
NUMBERS = st.integers(0, 2)
STEPS = st.lists(
    st.tuples(st.just("own"), st.sampled_from(sorted(OWNED)), NUMBERS, OWNERS | st.just("silent"))
    | st.tuples(st.just("part"), st.sampled_from(sorted(PART_OF)), NUMBERS, NUMBERS, OWNERS | st.just("silent"))
    | st.tuples(st.just("open"), st.sampled_from(sorted(VISIBLE_TO_ALL)), NUMBERS)
    | st.tuples(st.just("other"), st.sampled_from(["webhook", "comet"]), NUMBERS)
    | st.tuples(st.just("seat"), st.sampled_from(PEOPLE), st.sampled_from(sorted(PATHS)))
    | st.tuples(st.just("look")),
    min_size=1,
    max_size=30,
)


@dataclass
class Model:
    """What is known, told by the simplest of means."""

    messages: list[Delivered] = field(default_factory=list)
    whole: dict[UUID, UUID] = field(default_factory=dict)
    owner: dict[UUID, UUID | None] = field(default_factory=dict)
    seats: dict[UUID, list[UUID]] = field(default_factory=dict)

    def tell(self, aggregate: str, n: int, data: dict[str, Any]) -> Delivered:
        subject = uuid5(CLINCH, f"{aggregate} {n}")
        version = 1 + sum(m.key == str(subject) for m in self.messages)
        headers = {
            "ce_id": str(uuid4()),
            "ce_type": f"clinch.{aggregate}.told.v1",
            "ce_time": "2026-01-01T00:00:00Z",
            "ce_subject": str(subject),
            "ce_sequence": f"{version:019d}",
        }
        made = Delivered(topic(aggregate), 0, 0, str(subject), orjson.dumps(data), headers)
        self.messages.append(made)
        return made

    def step(self, step: tuple[Any, ...]) -> Delivered:
        kind, aggregate, n, *more = step
        says = {} if not more or more[-1] == "silent" else {"owner_id": more[-1]}
        if kind == "own":
            made = self.tell(aggregate, n, says)
            if says:
                self.owner[UUID(made.key)] = says["owner_id"]
        elif kind == "part":
            # Only a contact moves to another whole.
            whole = uuid5(CLINCH, f"{WHOLES[aggregate]} {more[0] if aggregate == 'contact' else n}")
            made = self.tell(aggregate, n, {PART_OF[aggregate]: whole, **says})
            self.whole[UUID(made.key)] = whole
            if says:
                self.owner.setdefault(whole, says["owner_id"])
        else:
            made = self.tell(aggregate, n, {})
        return made

    def sees(self, actor: Actor, message: Delivered) -> bool:
        aggregate, subject = message.topic.split(".")[1], UUID(message.key)
        if aggregate in VISIBLE_TO_ALL:
            return True
        if aggregate not in SHOWN:
            return actor.has(Role.admin, Role.ops, Role.system)
        if reach(actor).everything:
            return True
        record = self.whole.get(subject, subject)
        if record not in self.owner:
            return False
        owner = self.owner[record]
        teams = {person: path[-1] if path else None for person, path in self.seats.items()}
        return may_see(actor, owner, self.seats.get(owner, []) if owner else [], teams)


@pytest_asyncio.fixture(scope="module")
async def one(postgres: Postgres) -> AsyncIterator[Running]:
    async with running(service, postgres) as svc:
        yield svc


MOVES = [  # a contact to another account, that one to another owner, a manager to another team
    ("seat", PEOPLE[3], "north"),
    ("own", "account", 0, PEOPLE[0]),
    ("own", "account", 1, PEOPLE[3]),
    ("part", "contact", 0, 0, "silent"),
    ("seat", PEOPLE[1], "top"),
    ("look",),
    ("part", "contact", 0, 1, "silent"),
    ("look",),
    ("own", "account", 1, PEOPLE[0]),
    ("seat", PEOPLE[1], "south"),
]


@settings(max_examples=150, deadline=None)
@example(steps=MOVES, actors=[(PEOPLE[3], {Role.rep})])
@example(steps=MOVES[:-1], actors=[])
@given(
    steps=STEPS,
    actors=st.lists(
        st.tuples(st.sampled_from(PEOPLE), st.sets(st.sampled_from(list(Role)), min_size=1, max_size=2)), min_size=1, max_size=4
    ),
)
async def test_each_reader_gets_what_he_may_see_and_nothing_else(
    one: Running, steps: list[tuple[Any, ...]], actors: list[tuple[UUID, set[Role]]]
) -> None:
    model, tail = Model(), Tail(one.db, one.settings, asyncio.Event(), service="test")
    async with one.db.connection() as conn:
        await conn.execute("TRUNCATE feed, feed_head, feed_owner, roster")
    await tail._look()
    for n, step in enumerate(steps):
        if step[0] == "look":
            await tail._look()
            continue
        async with one.transaction() as tx:
            if step[0] == "seat":
                model.seats[step[1]] = path = PATHS[step[2]]
                team = path[-1] if path else None
                await roster.remember(tx, step[1], team_id=team, team_path=path, role="rep", active=True, version=n + 1)
            else:
                await feed(tx, [model.step(step)])
    for person, roles in [*actors, (PEOPLE[0], {Role.rep}), (PEOPLE[1], {Role.manager}), (PEOPLE[2], {Role.marketing})]:
        actor = Actor.of(person, roles)
        expected = [n for n, message in enumerate(model.messages, 1) if model.sees(actor, message)]
        assert [e.position for e in await from_table(one, actor)] == expected
        await tail._look()
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
    """A new aggregate is shown to nobody but those who run the system until it is said whose it is."""
    assert {e.aggregate for e in EVENTS} - set(SHOWN) == {"webhook", "hand_over"}
    for event in EVENTS:
        if event.aggregate in PART_OF:
            assert PART_OF[event.aggregate] in event.model_fields, event.type


def test_every_event_that_can_change_an_owner_tells_it() -> None:
    tells = {e.type.split(".", 1)[1] for e in EVENTS if e.aggregate in OWNED and "owner_id" in e.model_fields}
    assert {"account.created.v1", "account.updated.v1", "lead.captured.v1", "lead.assigned.v1", "lead.updated.v1"} <= tells
    assert {"deal.opened.v1", "deal.updated.v1", "contract.drafted.v1", "contract.changed.v1"} <= tells
