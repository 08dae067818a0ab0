"""Routes of contracts: reading them, and changing drafts. Their steps are in `signing` and `delivery`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends
from pydantic import Field

from contract_svc.answers import ContractItem, ContractOut, items, subjects
from contract_svc.contracts import commands, queries
from contract_svc.contracts.fields import ContractFields, Sections, Signer
from contract_svc.contracts.record import Section
from shared.auth import CurrentActor
from shared.fields import Reason, When
from shared.http.body import Body
from shared.http.edge import ClinchRoute, IfMatch, InTx, Reading
from shared.http.listing import Page, PageRequest
from shared.http.patch import Patch
from shared.http.timeline import TIMELINE, TimelineEntry, timeline

router = APIRouter(prefix="/v1/contracts", tags=["contracts"], route_class=ClinchRoute)


class StepIn(Body):
    at: When = None


class ReasonedStepIn(StepIn):
    reason: Reason


class SignerIn(Signer, Body):
    pass


Signers = Annotated[list[SignerIn], Field(min_length=1, max_length=20)]


class SectionsPatch(Patch, Sections):
    pass


class ContractPatch(Patch, ContractFields):
    at: When = None
    sections: Annotated[SectionsPatch, Field(description="Those that are given are replaced")]
    core_clauses: Annotated[list[Section], Field(max_length=5, description="Those that the customer confirms one by one")]
    signers: Annotated[list[SignerIn], Field(max_length=20)]


class OwnerIn(StepIn):
    owner_id: UUID


@router.get("", response_model=queries.LIST.page_of(ContractItem))
async def list_contracts(page: Annotated[PageRequest, Depends(queries.LIST.params)], db: Reading, by: CurrentActor) -> Page[ContractItem]:
    """Contracts that you see: your own, those of the teams below you, of deals whose team you are in, and what your role adds."""
    found = await queries.LIST.page(db, page, where=queries.ROWS.listed(by), params=queries.ROWS.params(by))
    found.items = await items(db, found.items, by)
    return await queries.LIST.embedding(db, by, page, found)


@router.get("/{contract_id}")
async def get_contract(contract_id: UUID, db: Reading, by: CurrentActor) -> ContractOut:
    """One contract with its text, its milestones and what is paid."""
    return await ContractOut.of(await queries.SEEN.get(db, by, contract_id), by, db)


class ContractTimelineEntry(TimelineEntry):
    """What happened to a contract, a milestone or a payment of it."""


@router.get("/{contract_id}/timeline")
async def contract_timeline(
    contract_id: UUID, page: Annotated[PageRequest, Depends(TIMELINE.params)], db: Reading, by: CurrentActor
) -> Page[ContractTimelineEntry]:
    """What happened to the contract, to its milestones and to its payments."""
    await queries.SEEN.get(db, by, contract_id)
    return await timeline(db, page, await subjects(db, contract_id), ContractTimelineEntry)


@router.patch("/{contract_id}")
async def edit_contract(contract_id: UUID, body: ContractPatch, tx: InTx, by: CurrentActor, expect: IfMatch) -> ContractOut:
    """Change a draft. For its owner, managers, assistants of the team, and lawyers.

    Lines, total and schedule are the quote's.
    """
    days = body.model_dump(include=set(ContractFields.model_fields), exclude_unset=True)
    texts = body.model_dump(mode="json", include={"sections", "core_clauses"}, exclude_unset=True)
    if "signers" in body.model_fields_set:  # each in full: one without a contact is kept with none
        texts |= body.model_dump(mode="json", include={"signers"})
    changed = await commands.edit(tx, contract_id, expect=expect, at=body.at, changes=days | texts)
    return await ContractOut.of(changed, by, tx)


@router.post("/{contract_id}/assign")
async def assign_contract(contract_id: UUID, body: OwnerIn, tx: InTx, by: CurrentActor, expect: IfMatch) -> ContractOut:
    """Give the contract to somebody on the roster who can own records, in any state; its milestones and payments go with it.

    For those above its owner. It holds until the owner of the deal changes: then the contract goes with its deal again. What was counted
    stays with whom it was credited to.
    """
    return await ContractOut.of(await commands.assign(tx, contract_id, body.owner_id, expect=expect, at=body.at), by, tx)
