"""What can be done with a deal: the acts of all features, in the order in which answers list them."""

from typing import Any

from deal_svc.conversion.rules import JOIN_LEAD, OPEN_FROM_LEAD
from deal_svc.deals.record import Deal
from deal_svc.deals.rules import ASSIGN, CHANGE, OPEN
from deal_svc.discovery.rules import RECORD_ACTS
from deal_svc.imports.rules import CORRECT, IMPORT
from deal_svc.quotes.rules import QUOTE_DEAL
from deal_svc.stages.rules import ADVANCE, LOSE, MOVE_BACK, REOPEN, REVERSE_WIN, SKIP, WIN, WIN_BY_CONTRACT
from shared.acts import Act

DEAL_ACTS: tuple[Act[Deal, Any], ...] = (
    OPEN, OPEN_FROM_LEAD, JOIN_LEAD, IMPORT, CORRECT, CHANGE, ASSIGN, *RECORD_ACTS, QUOTE_DEAL, ADVANCE, SKIP, MOVE_BACK, LOSE, WIN, REOPEN,
    WIN_BY_CONTRACT, REVERSE_WIN,
)  # fmt: skip
