"""The predicate in memory, for streams: the same answers as `rows`, for one record."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from shared.access.kinds import Kind, reach
from shared.auth.actor import Actor


@dataclass(frozen=True, slots=True)
class Held:
    """What decides who sees a record.

    - `path`: the teams of the owner, from the root to their own.
    - `records`: the ids of which a part in one shows it: its own, or that of the record it belongs to.
    - `account`: its account, if it can be seen for that; None where it cannot, such as an open deal.
    - `review`: whether it is up for approval.
    """

    owner: UUID | None
    path: Sequence[UUID] = ()
    records: Sequence[UUID] = ()
    account: UUID | None = None
    review: bool = False


def may_see(
    actor: Actor, kind: Kind, held: Held, team: UUID | None, parts: Collection[UUID], shown_by: Iterable[tuple[Kind, Held]] = ()
) -> bool:
    """Whether the actor sees the record.

    `team`: the actor's own. `parts`: the records that the actor owns or has a part in, as `membership` has them. `shown_by`: records
    that show it to those who see them.
    """
    how_far = reach(kind, actor)
    if how_far.everything:
        return True
    mine = held.owner == actor.id or (how_far.tree and team is not None and team in held.path)
    owned = how_far.pool if held.owner is None else mine
    return (
        owned
        or any(record in parts for record in held.records)
        or (how_far.accounts and held.account is not None and held.account in parts)
        or (how_far.review and held.review)
        or any(may_see(actor, other, its, team, parts) for other, its in shown_by)
    )
