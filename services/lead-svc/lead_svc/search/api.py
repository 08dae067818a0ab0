"""`/v1/search`: records of all services by a name, a number or an address."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from lead_svc.index.record import Found
from lead_svc.index.rules import asked
from lead_svc.search.kinds import SOUGHT
from lead_svc.search.queries import Match, find, rows_of
from shared.access.kinds import unmasked
from shared.auth import Actor, CurrentActor
from shared.errors import Invalid
from shared.fields import PERSONAL
from shared.http.edge import ClinchRoute, Reading
from shared.masking import masked

router = APIRouter(prefix="/v1/search", tags=["search"], route_class=ClinchRoute)

MOST, USUAL = 50, 20
Wanted = Annotated[str, Query(min_length=1, max_length=200, description="A name, number, e-mail address or phone number, or parts of it.")]
Kinds = Annotated[list[Found] | None, Query(description="Only these kinds of records.")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="The best so many.")]


class MatchOut(BaseModel):
    field: str = Field(description="What of the record has the words.", examples=["company"])
    text: Annotated[str | None, PERSONAL, Field(description="Its value.")]


class FoundOut(BaseModel):
    """A record that was found. `number` is that of quotes and contracts, `state` a deal's stage or another record's state."""

    kind: Found
    id: UUID
    name: Annotated[
        str | None, PERSONAL, Field(description="What it is called; what is personal of it is masked for roles that see it so.")
    ]
    number: str | None
    state: str | None
    owner_id: UUID | None
    account_id: UUID | None = Field(description="Of a contact, and of other records as far as it is known.")
    deal_id: UUID | None = Field(description="Of a quote or a contract, and of a lead that was converted.")
    matched: list[MatchOut] = Field(description="By what it was found, the best first.")
    href: str = Field(description="Where to read it.", examples=["/v1/leads/01890a5d-ac96-774b-bcce-b302099a8057"])


class SearchOut(BaseModel):
    items: list[FoundOut] = Field(description="The best first.")


@router.get("")
async def search(request: Request, db: Reading, by: CurrentActor, q: Wanted, kind: Kinds = None, limit: Limit = USUAL) -> SearchOut:
    """Find leads, accounts, contacts, deals, quotes and contracts that you see, by a name, a number or an address.

    Every word has to be in the record, also inside of a word; one of a single character, or of two letters or digits, where a word
    begins. What you see masked you cannot find by. Common words are looked for in the newest records only. Deals, quotes and contracts
    follow their changes by a moment.
    """
    if "\0" in q:
        raise Invalid("q takes a text of up to 200 characters.", pointer="q", code="bad_parameter")
    matches = await find(db, by, asked(q), list(dict.fromkeys(kind or Found)), limit)
    rows = await rows_of(db, matches)
    request.state.records = len(rows)
    return SearchOut(items=[_shown(one, rows[one.id], by) for one in matches if one.id in rows])


def _shown(match: Match, row: Any, by: Actor) -> FoundOut:
    sought = SOUGHT[match.kind]
    names = (*sought.public, *sought.personal)
    values = {name: getattr(row, name) for name in names}
    if not unmasked(sought.access, by):
        values |= masked(values, sought.personal)
    return FoundOut(
        kind=match.kind,
        id=match.id,
        name=next((values[name] for name in ("title", "company", "name", "contact_name") if values.get(name)), None),
        number=getattr(row, "number", None),
        state=getattr(row, "state", None),
        owner_id=getattr(row, "owner_id", None),
        account_id=getattr(row, "account_id", None),
        deal_id=getattr(row, "deal_id", None),
        matched=[MatchOut(field=name, text=values[name]) for name in match.values],
        href=f"{sought.path}/{match.id}",
    )
