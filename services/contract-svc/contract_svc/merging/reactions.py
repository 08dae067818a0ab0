"""What contract-svc does when accounts are merged, and when that is undone."""

from contract_svc.merging.commands import NAMED
from shared.parties.merges import reader

READER = reader(*NAMED)
