"""Who does what in the demo's company, by the sample people's teams and roles."""

from clinch.run.people import SAMPLE_PEOPLE

MARKETING, OPERATIONS, LEGAL, FINANCE = "dev-marketing", "dev-ops", "dev-legal", "dev-finance"
SALES_OPS = "dev-sales_ops"
DIRECTOR, HEAD, SUCCESS, ADMIN = "dev-director", "dev-regional_head", "dev-csm", "dev-admin"
CUSTOMER_TEAM = (SUCCESS, "dev-kam", "dev-rep-2", "dev-rep-4")
"""The team of every old customer: they see its account, and open further deals."""
_HELPED = {"sales", "sales-north", "sales-south"}
"""The teams that presales and assistants work for."""
_TEAM = {person.key: person.team for person in SAMPLE_PEOPLE}
_MANAGER = {person.team: person.key for person in SAMPLE_PEOPLE if person.role == "manager"}


def boss_of(seller: str) -> str:
    """The manager of the seller's team; the director where it has none."""
    return _MANAGER.get(_TEAM[seller], DIRECTOR)


def approvers_of(seller: str, discount: int) -> dict[str, str]:
    """Who approves a quote with this discount in percent, by the step that they decide."""
    if discount <= 10:
        return {}
    if discount <= 20:
        return {"manager": boss_of(seller)}
    return {"director": DIRECTOR} if discount <= 30 else {"director": DIRECTOR, "finance": FINANCE}


def presales_of(seller: str) -> str:
    return "dev-presales" if _TEAM[seller] in _HELPED else seller


def assistant_of(seller: str) -> str:
    return "dev-assistant" if _TEAM[seller] in _HELPED else seller
