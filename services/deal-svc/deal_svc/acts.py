"""What can be done with a deal and with a quote: the acts of all features, in the order in which answers list them."""

from deal_svc.approvals import rules as approvals
from deal_svc.attachments import rules as attachments
from deal_svc.contracts import rules as contracts
from deal_svc.conversion import rules as conversion
from deal_svc.deals import rules as deals
from deal_svc.discovery import rules as discovery
from deal_svc.imports import rules as imports
from deal_svc.quotes import rules as quotes
from deal_svc.rehoming import rules as rehoming
from deal_svc.stages import rules as stages
from deal_svc.team import rules as team
from shared.acts import acts_of

DEAL_ACTS = acts_of(deals.DEAL, deals, team, attachments, conversion, imports, discovery, quotes, contracts, stages, rehoming)
QUOTE_ACTS = acts_of(quotes.QUOTE, quotes, approvals)
