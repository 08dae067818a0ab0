"""The sample company: a small sales team, which `clinch up` and the demo create through the API and the development issuer knows."""

from dataclasses import dataclass
from uuid import UUID

from shared.auth import Role, person_id


@dataclass(frozen=True)
class SampleTeam:
    key: str
    name: str
    parent: str | None
    """The key of the team above; parents come before children."""


@dataclass(frozen=True)
class SamplePerson:
    key: str
    """The external key, as an import would name an owner and a token its subject."""
    name: str
    role: Role
    team: str
    """The key of a sample team."""

    @property
    def id(self) -> UUID:
        return person_id(self.key)


SAMPLE_TEAMS = (
    SampleTeam("sales", "Sales", None),
    SampleTeam("sales-north", "Sales North", "sales"),
    SampleTeam("sales-south", "Sales South", "sales"),
    SampleTeam("operations", "Operations", None),
    SampleTeam("customer-success", "Customer Success", None),
)

SAMPLE_PEOPLE = (
    SamplePerson("dev-admin", "Ada Okafor", Role.admin, "operations"),
    SamplePerson("dev-director", "Helene Brandt", Role.director, "sales"),
    SamplePerson("dev-regional_head", "Ingrid Solberg", Role.regional_head, "sales"),
    SamplePerson("dev-sales_ops", "Omar Nasser", Role.sales_ops, "operations"),
    SamplePerson("dev-manager", "Wei Jun", Role.manager, "sales-north"),
    SamplePerson("dev-manager-south", "Lucía Ferrer", Role.manager, "sales-south"),
    SamplePerson("dev-rep", "Tomás Silva", Role.rep, "sales-north"),
    SamplePerson("dev-rep-2", "Mei Lin", Role.rep, "sales-north"),
    SamplePerson("dev-rep-3", "Jonas Weber", Role.rep, "sales-south"),
    SamplePerson("dev-rep-4", "Priya Raman", Role.rep, "sales-south"),
    SamplePerson("dev-kam", "Sofia Lindqvist", Role.kam, "sales"),
    SamplePerson("dev-presales", "Daniel Osei", Role.presales, "sales"),
    SamplePerson("dev-product", "Lena Fischer", Role.product, "sales"),
    SamplePerson("dev-assistant", "Nora Haddad", Role.assistant, "sales"),
    SamplePerson("dev-marketing", "Yuki Tanaka", Role.marketing, "operations"),
    SamplePerson("dev-ops", "Marek Nowak", Role.ops, "operations"),
    SamplePerson("dev-legal", "Claire Dubois", Role.legal, "operations"),
    SamplePerson("dev-finance", "Anil Kapoor", Role.finance, "operations"),
    SamplePerson("dev-csm", "Grace Mwangi", Role.csm, "customer-success"),
    SamplePerson("dev-support", "Oleg Petrov", Role.support, "customer-success"),
    SamplePerson("dev-auditor", "Ruth Stein", Role.auditor, "operations"),
)
