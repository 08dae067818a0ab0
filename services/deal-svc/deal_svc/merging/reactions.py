"""What deal-svc does when accounts and contacts are merged, and when that is undone."""

from deal_svc.merging.commands import NAMED
from shared.parties.merges import reader

READER = reader(*NAMED)
