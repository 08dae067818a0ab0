"""Reads of deals, and who sees which."""

from sqlalchemy import ARRAY, Text, Uuid, bindparam, column, exists, func, or_, select, table, type_coerce

from deal_svc.contracts.record import REVIEWED
from deal_svc.contracts.tables import DEAL_CONTRACT
from deal_svc.deals.fields import DealFields
from deal_svc.deals.pipeline import OPEN_STAGES, Stage
from deal_svc.deals.record import Deal
from deal_svc.deals.tables import DEAL, DEALS
from shared.access import kinds
from shared.access.rows import Rows
from shared.access.scoped import Scoped
from shared.db.query import Query, is_in
from shared.http.listing import Listing, described
from shared.parties.embedded import ACCOUNT
from shared.policy.company import sources_of

_FLAGS = func.array(select(func.jsonb_object_keys(DEAL.c.flags)).correlate(DEAL).scalar_subquery())

_FILTERED = (
    "id", "stage", "currency", "amount", "opened_at", "closed_at", "created_at", "updated_at", "imported", "manual_win", "owner_id",
    "team_id", "account_id", "lead_id", "external_id",
)  # fmt: skip

LIST = Listing(
    DEAL,
    Deal,
    filters={
        **described(DEAL, DealFields),
        **{name: DEAL.c[name] for name in _FILTERED},
        "open": DEAL.c.closed_at.is_(None),
        "flag": type_coerce(_FLAGS, ARRAY(Text)),
    },
    sorts=("created_at", "updated_at", "opened_at", "closed_at", "expected_close_on", "amount"),
    default="-created_at",
    search=(DEAL.c.name, DEAL.c.account_name),
    stored={"source": sources_of},
    embeds={"account": ACCOUNT},
)


_QUOTE = table("quote", column("deal_id"), column("status"))  # the feature quotes is above this one
_in_approval = exists().where(_QUOTE.c.deal_id == DEAL.c.id, _QUOTE.c.status == "pending_approval")

SEEN_ROWS = Rows(
    kinds.DEALS,
    id=DEAL.c.id,
    owner=DEAL.c.owner_id,
    account=DEAL.c.account_id,
    account_if=DEAL.c.stage == Stage.WON.value,
    review=or_(exists().where(DEAL_CONTRACT.c.deal_id == DEAL.c.id, DEAL_CONTRACT.c.state == REVIEWED), _in_approval),
)
"""Who sees which deals. Up for approval is one with a contract in review, or with a quote that was submitted and not decided."""
SEEN = Scoped(DEALS, SEEN_ROWS)


_quote = table("quote", column("deal_id", Uuid), column("status", Text))  # by name: the feature of quotes stands on that of deals
_accepted = exists().where(_quote.c.deal_id == bindparam("deal_id", type_=Uuid), _quote.c.status == "accepted")
HAS_ACCEPTED_QUOTE = Query(select(_accepted.label("accepted")), bool)

OPEN_IN_OTHER_TEAM = Query(
    select(*[DEAL.c[n] for n in DEALS.names])
    .where(
        DEAL.c.owner_id == bindparam("owner_id"),
        is_in(DEAL.c.stage, [stage.value for stage in OPEN_STAGES]),
        DEAL.c.team_id.is_distinct_from(bindparam("team_id", type_=Uuid)),
    )
    .order_by(DEAL.c.id)
    .with_for_update(),
    Deal,
)
"""Locked: the open deals of an owner that are in another team than theirs."""
