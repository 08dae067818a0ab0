"""Hand a person's records over, and move those of this service."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from lead_svc.handover import rules
from lead_svc.handover.rules import HAND_OVER_RECORDS, Asked
from lead_svc.leads.record import CLOSED, Lead
from lead_svc.leads.tables import LEAD, LEADS
from lead_svc.parties.record import Account
from lead_svc.parties.tables import ACCOUNTS
from lead_svc.team.queries import in_team_of
from lead_svc.team.rules import taker_refused
from lead_svc.team.tables import PEOPLE
from shared.db.query import is_in
from shared.db.tx import Tx
from shared.errors import Invalid
from shared.events.lead import LeadAssigned
from shared.events.party import AccountUpdated
from shared.events.team import HandOverFilter, PersonHandedOver
from shared.handover import parts
from shared.handover.move import Mover, job_of, why
from shared.handover.parts import HandOverKind, services_of
from shared.handover.store import LAST_NUMBER, HandOver, keep
from shared.ids import new_id
from shared.policy.company import sources_of


async def hand_over(
    tx: Tx, person_id: UUID, *, to_id: UUID, kinds: Sequence[HandOverKind], asked: HandOverFilter, reason: str | None, expect: int | None
) -> int:
    """Tell every service that these records of the person go to somebody else; the number of the hand-over."""
    HAND_OVER_RECORDS.permit(tx.actor)
    person = await tx.load(PEOPLE, person_id, expect)
    for problem in rules.filter_unmet(kinds, asked):
        raise problem
    await _can_take(tx, person_id, to_id)
    HAND_OVER_RECORDS.check(Asked(person_id, to_id), tx.actor, also=await _reach_unmet(tx, Asked(person_id, to_id)))
    if asked.source is not None:
        asked = asked.model_copy(update={"source": sources_of(tx)(asked.source)})
    number = await tx.one(LAST_NUMBER, from_id=person_id) + 1
    told = PersonHandedOver(
        hand_over_id=new_id(),
        number=number,
        from_id=person_id,
        to_id=to_id,
        kinds=[kind.value for kind in kinds],
        filter=asked,
        reason=reason,
    )
    await tx.save(PEOPLE, person, told)
    for service in services_of(kinds):
        await keep(tx, told, service, at=tx.now, by=tx.actor, correlation_id=tx.context.correlation_id, event_id=None)
    return number


async def _can_take(tx: Tx, person_id: UUID, to_id: UUID) -> None:
    if to_id == person_id:
        raise Invalid("Name somebody else: these are this person's records already.", pointer="/to", code="same_person")
    if refused := taker_refused(await tx.first(PEOPLE.get, id=to_id), "records", "/to"):
        raise refused


async def _reach_unmet(tx: Tx, asked: Asked) -> list[Any]:
    if tx.actor.has(*rules.ANYBODYS):
        return []
    people = (asked.from_id, asked.to_id)
    return rules.reach_unmet(asked, [id for id in people if tx.actor.has(*rules.OF_THEIR_TEAMS) and await in_team_of(tx, tx.actor.id, id)])


def _assigned(before: Lead, now: Lead, job: HandOver) -> LeadAssigned:
    return LeadAssigned(owner_id=now.owner_id, team_id=now.team_id, rule="hand_over", **why(before, job))


def _updated(before: Account, now: Account, job: HandOver) -> AccountUpdated:
    return AccountUpdated.of(now, changed=["owner_id"], **why(before, job))


LEADS_GO = Mover(part=parts.LEADS, of=LEADS, tells=_assigned, open=~is_in(LEAD.c.state, [state.value for state in CLOSED]))
ACCOUNTS_GO = Mover(part=parts.ACCOUNTS, of=ACCOUNTS, tells=_updated)
move = job_of("lead-svc", [LEADS_GO, ACCOUNTS_GO])
