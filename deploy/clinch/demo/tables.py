"""What the demo's company is made of, as tables to read and to change: where leads come from, who sells, what is sold, what is said."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """`weight`: its share of all leads. `quality`: how well its leads turn out, 1 being the average."""

    name: str
    medium: str
    campaigns: tuple[str, ...]
    weight: float
    quality: float


SOURCES = (
    Source("seo", "organic", ("how-to library", "comparison pages"), 20, 1.0),
    Source("online_ads", "paid", ("search brand", "search generic", "retargeting"), 18, 0.6),
    Source("content", "download", ("data white paper", "automation guide", "webinar series"), 15, 1.1),
    Source("trade_show", "event", ("Shanghai industry fair", "Shenzhen high-tech fair", "Hannover fair"), 11, 0.9),
    Source("social", "social", ("founder stories", "product clips"), 10, 0.45),
    Source("event", "event", ("roadshow", "customer day"), 8, 1.3),
    Source("cold_outreach", "outbound", ("manufacturing list", "logistics list"), 8, 0.35),
    Source("partner_referral", "partner", ("system integrators", "cloud marketplace"), 6, 1.7),
    Source("customer_referral", "referral", ("reference programme",), 4, 2.4),
)


LEAD_COSTS = {
    "seo": 60, "online_ads": 420, "content": 150, "trade_show": 900, "social": 130, "event": 700, "cold_outreach": 110,
    "partner_referral": 300, "customer_referral": 250,
}  # fmt: skip
"""What a lead of the source costs on average, in the reporting currency."""


@dataclass(frozen=True)
class Seller:
    """`strength`: how well they qualify and win, 1 being the average. `pace`: how fast; 2 takes half the time."""

    key: str
    strength: float
    pace: float


SELLERS = {
    seller.key: seller
    for seller in (
        Seller("dev-rep", 1.0, 1.0),
        Seller("dev-rep-2", 1.4, 1.15),
        Seller("dev-rep-3", 0.7, 0.8),
        Seller("dev-rep-4", 1.15, 1.3),
        Seller("dev-kam", 1.3, 0.7),
        Seller("dev-csm", 1.6, 1.2),
    )
}
"""By the keys of the sample people."""


@dataclass(frozen=True)
class Region:
    """`weight`: its share of all leads. Its sellers take them in equal parts."""

    name: str
    weight: float
    sellers: tuple[str, ...]


ABROAD = Region("Overseas", 8, ("dev-kam", "dev-rep-4"))
REGIONS = (
    Region("East China", 34, ("dev-rep", "dev-rep-2")),
    Region("South China", 26, ("dev-rep-3", "dev-rep-4")),
    Region("North China", 20, ("dev-rep", "dev-rep-2")),
    Region("West China", 12, ("dev-rep-3",)),
    ABROAD,
)


CORE, USERS, LAUNCH, SUITE = "core", "users", "launch", "suite"
"""Families of products."""


@dataclass(frozen=True)
class Item:
    """`price`, and `usd` abroad, in 2024; each year takes it up by a share of it. Whole hundreds, so that no cent is ever rounded.

    `lead_days`: calendar days from the order to the delivery.
    """

    sku: str
    name: str
    price: int
    usd: int
    tax_percent: int
    family: str
    unit: str
    lead_days: int = 0

    def priced(self, currency: str, year: int) -> int:
        base = self.usd if currency == "USD" else self.price
        return base + max(0, year - 2024) * (base // 2500) * 100


@dataclass(frozen=True)
class Line:
    """A product line: what everybody buys of it, what is bought by the size of the customer, and the service that goes with it."""

    name: str
    weight: float
    core: Item
    seats: Item
    service: Item

    @property
    def items(self) -> tuple[Item, Item, Item]:
        return self.core, self.seats, self.service


LINES = (
    Line(
        "Data Platform",
        40,
        Item("DP-CORE", "Data Platform, core", 120_000, 17_000, 13, CORE, "licence", 7),
        Item("DP-25", "Data Platform, 25 users", 22_500, 3_200, 13, USERS, "pack"),
        Item("DP-START", "Data Platform, launch project", 60_000, 8_500, 6, LAUNCH, "project", 28),
    ),
    Line(
        "Process Automation",
        35,
        Item("PA-CORE", "Process Automation, core", 80_000, 11_500, 13, CORE, "licence", 7),
        Item("PA-25", "Process Automation, 25 users", 15_000, 2_500, 13, USERS, "pack"),
        Item("PA-START", "Process Automation, launch project", 35_000, 5_000, 6, LAUNCH, "project", 28),
    ),
    Line(
        "Customer Portal",
        25,
        Item("CP-CORE", "Customer Portal, core", 50_000, 7_500, 13, CORE, "licence", 7),
        Item("CP-25", "Customer Portal, 25 users", 10_000, 2_500, 13, USERS, "pack"),
        Item("CP-START", "Customer Portal, launch project", 25_000, 5_000, 6, LAUNCH, "project", 28),
    ),
)


@dataclass(frozen=True)
class Size:
    """`seats`: packs of 25 users that such a company buys at most. `longer`: how much more time it takes to decide."""

    name: str
    weight: float
    seats: int
    longer: float


LARGE = Size("1000+", 10, 24, 1.4)
SIZES = (Size("1-50", 30, 1, 0.8), Size("51-200", 36, 4, 1.0), Size("201-1000", 24, 10, 1.15), LARGE)
INDUSTRIES = ("manufacturing", "logistics", "retail", "pharma", "energy", "finance", "education", "software")

LOST_REASONS = {
    "discovery": (("need_mismatch", 3), ("no_response", 3), ("no_budget", 2), ("timing", 2)),
    "proposal": (("competitor", 3), ("no_budget", 3), ("timing", 2), ("no_decision", 2), ("price", 1)),
    "negotiation": (("price", 4), ("competitor", 4), ("no_decision", 2)),
    "closing": (("no_decision", 2), ("competitor", 1), ("other", 1)),
}
"""Why deals are lost, by the stage that they are lost in."""
COMPETITORS = (("Kingsoft Flow", 5), ("Orbis Suite", 3), ("in-house build", 2), ("Talos", 1))
DISQUALIFIED = (("no_response_3", 5), ("need_mismatch", 4), ("invalid_contact", 3), ("no_budget", 2), ("competitor", 1), ("opt_out", 1))
NURTURED = ("budget comes with the next plan", "project moved to next year", "waits for the new head of IT", "pilot elsewhere still runs")
WHY_MQL = ("asked for a demo", "read the price page three times", "registered for the webinar", "downloaded two white papers")

TRADES = (
    "Logistics", "Robotics", "Pharma", "Foods", "Textiles", "Semiconductor", "Energy", "Instruments", "Packaging", "Software", "Retail",
    "Shipping", "Automotive", "Chemicals", "Paper", "Optics", "Media", "Insurance",
)  # fmt: skip
PLACES = (
    "Haiyun", "Jinling", "Nordwind", "Taihu", "Lingnan", "Redwood", "Qilu", "Baltic", "Longmen", "Xiangjiang", "Alpine", "Yunshan",
    "Donghai", "Rhein", "Minjiang", "Hexi", "Sunda", "Changbai", "Tianfu", "Meridian", "Beihai", "Wuyi", "Aurora", "Zhongshan",
    "Ganges", "Luoyang",
)  # fmt: skip
FORMS = ("Group", "Technologies", "Holdings", "Works", "International", "& Sons", "Systems", "Partners", "Industries", "Trading")
GIVEN_NAMES = (
    "Wei", "Fang", "Min", "Jie", "Lan", "Hao", "Xin", "Yan", "Jun", "Ling", "Anna", "Markus", "Elena", "Rajesh", "Amara", "Pablo", "Ingrid",
    "Kenji", "Fatima", "Louis",
)  # fmt: skip
FAMILY_NAMES = (
    "Chen", "Liu", "Zhao", "Huang", "Zhou", "Wu", "Xu", "Sun", "Ma", "Gao", "Berg", "Rossi", "Novak", "Iyer", "Diallo", "Moreno", "Larsen",
    "Sato", "Haddad", "Martin",
)  # fmt: skip
JOBS = ("head of operations", "CIO", "data manager", "purchasing manager", "managing director", "IT architect")


@dataclass(frozen=True)
class Customer:
    """A company that bought before the year began."""

    key: str
    name: str
    region: str
    industry: str
    contact: str


CUSTOMERS = (
    Customer("old-1", "Yangtze Cold Chain", "East China", "logistics", "Hua Lin"),
    Customer("old-2", "Pearl River Motors", "South China", "manufacturing", "Bo Deng"),
    Customer("old-3", "Great Wall Dairies", "North China", "retail", "Ting Ren"),
    Customer("old-4", "Sichuan Power Tools", "West China", "manufacturing", "Kai Luo"),
    Customer("old-5", "Harbour Freight Asia", "Overseas", "logistics", "Grace Tan"),
    Customer("old-6", "Lotus Life Insurance", "East China", "finance", "Ming Ye"),
    Customer("old-7", "Silk Road Media", "West China", "software", "Na Bai"),
    Customer("old-8", "Delta Semiconductor", "South China", "manufacturing", "Rui Cao"),
)

SPIN = (
    ("situation", "Orders are kept in three systems, and matched by hand every evening."),
    ("problem", "One order in twelve has to be corrected after it went out."),
    ("implication", "Corrections cost two people's work and delay invoices by nine days."),
    ("need_payoff", "With one record of the order, invoices would leave on the day of delivery."),
)
NEEDS = "One record per order, kept in step with the warehouse; invoices on the day of delivery; figures by region each morning."
PAINS = (
    ("orders matched by hand", "rules that match them on arrival", "two people freed for other work"),
    ("invoices nine days late", "invoicing on delivery", "nine days' revenue earlier in the bank"),
)
KEY_POINTS = (
    "Walked through their order process; they count errors by hand.",
    "They compare three suppliers until the end of the quarter.",
    "The head of finance joins next time and wants to see the payback.",
    "Asked about data residency and how long the launch takes.",
)
NEXT_STEPS = ("Workshop with operations", "Demo for the finance team", "Reference call", "Send the payback calculation")
BACK_REASON = "The customer wants another scope; the proposal is reworked."
WIN_BACK_REASON = "Their other choice fell through and they called us."
LEGAL_OBJECTION = "Limit the liability clause to the price of the contract."
TAKEN_BACK = "The customer asks for another liability clause before we review it."
LIABILITY = "Liability of either party is limited to the price of this contract, except for intent."
