"""Asking for an act with many records: which ones, and the job that does it."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, model_validator

from shared.bulk import store
from shared.bulk.declared import BulkAct, BulkActs
from shared.bulk.performing import perform
from shared.bulk.record import BulkJob, BulkOutcome, BulkState, Outcome, Target
from shared.db.tx import Tx
from shared.errors import Invalid, Rejected, Unmet
from shared.fields import Count, Short, lines
from shared.http.body import Body
from shared.ids import new_id
from shared.parties.people import standing

MOST_IDS = 10_000
CHECKED = 200
"""Records that a dry run tries: its caller waits for the answer, and it locks them meanwhile."""
Given = Annotated[str, lines(1000)]


class Chosen(Body):
    """The records, by `ids` or by `filter`: one of the two."""

    ids: Annotated[
        list[UUID] | None, Field(min_length=1, max_length=MOST_IDS, description="The records; one that is named twice counts once.")
    ] = None
    versions: Annotated[
        dict[UUID, Annotated[Count, Field(ge=1)]],
        Field(max_length=MOST_IDS, description="The versions that you have seen, by id: a record that has another one by then is refused."),
    ] = Field(default_factory=dict)
    filter: Annotated[
        dict[Short, Given] | None,
        Field(
            min_length=1,
            max_length=30,
            description="Query parameters of the list and their values, as its address has them, `q` too: "
            "those are meant that you see when you ask.",
        ),
    ] = None

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Self:
        if (self.ids is None) == (self.filter is None):
            raise ValueError("Give either ids or a filter.")
        if self.versions and not self.versions.keys() <= {*(self.ids or ())}:
            raise ValueError("Give versions of those records alone that ids names.")
        return self


async def choose(tx: Tx, of: BulkActs[Any], chosen: Chosen) -> list[Target]:
    """The records that are meant, in the order of their ids. `Rejected` when they are more than the policy allows."""
    most: int = tx.policy(of.policy).bulk.most
    if chosen.filter is None:
        ids, found = _named(chosen, most)
    else:
        ids, found = await _filtered(tx, of, chosen.filter, most)
    if found > most:
        says = f"These are {found} {of.record}s, and one job takes {most} at most: choose fewer, or have the policy allow more."
        raise Rejected("One job cannot take so many records.", code="too_many_records", unmet=[Unmet("too_many_records", says)])
    if not ids:
        raise Rejected(f"No {of.record} that you see meets the filter.", code="nothing_chosen")
    return [Target(id, chosen.versions.get(id)) for id in ids]


def _named(chosen: Chosen, most: int) -> tuple[Sequence[UUID], int]:
    ids = sorted(set(chosen.ids or ()), key=lambda id: id.bytes)
    return ids, len(ids)


async def _filtered(tx: Tx, of: BulkActs[Any], asked: Mapping[str, str], most: int) -> tuple[Sequence[UUID], int]:
    takes = of.listing.params
    if unknown := [name for name in asked if name not in takes.narrowing]:
        says = f"The list has no such filter. It has {', '.join(sorted(takes.narrowing))}."
        raise Invalid(says, pointer=_pointer(unknown[0]), code="not_in_list")
    try:
        given = takes.asked(tx.actor, {name: [text] for name, text in asked.items()})
    except Invalid as refused:  # by the names of a query
        raise Invalid(refused.detail, pointer=_pointer(refused.extra["errors"][0]["pointer"]), code="bad_filter") from None
    return await of.listing.ids(tx, given, most, of.among(of.rows.listed(tx.actor)), of.rows.params(tx.actor))


def _pointer(name: str) -> str:
    return f"/filter/{name.replace('~', '~0').replace('/', '~1')}"


async def ask(tx: Tx, of: BulkActs[Any], one: BulkAct[Any], body: Chosen) -> BulkJob:
    """Keep the job for a worker, with the records that are meant now."""
    chosen = await choose(tx, of, body)
    known = await standing(tx, tx.actor.id)
    job = BulkJob(
        id=new_id(),
        record=of.record,
        act=one.act.name,
        state=BulkState.QUEUED,
        given=body.model_dump(mode="json", include={*one.body.model_fields}),
        filter=body.filter,
        total=len(chosen),
        done=0,
        refused=0,
        after=None,
        error=None,
        asked_by=tx.actor.id,
        roles=sorted(tx.actor.roles),
        roster_role=known.role if known else None,
        correlation_id=tx.context.correlation_id,
        created_at=tx.now,
        moved_at=tx.now,
        started_at=None,
        finished_at=None,
    )
    await store.add(tx, job, chosen)
    return job


async def look(tx: Tx, of: BulkActs[Any], one: BulkAct[Any], body: Chosen) -> tuple[int, Sequence[Outcome]]:
    """How many records are meant, and what would become of the first of them. For a transaction that does not commit."""
    chosen = await choose(tx, of, body)
    given = one.body.model_validate(body.model_dump(include={*one.body.model_fields}))
    return len(chosen), await perform(tx, of, one, given, chosen[:CHECKED])


def refused(outcomes: Sequence[Outcome]) -> list[Outcome]:
    return [one for one in outcomes if one.outcome is BulkOutcome.REFUSED]
