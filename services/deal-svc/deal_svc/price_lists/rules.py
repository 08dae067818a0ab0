"""What operations do with price lists, and which list prices a product. Pure.

For one level, channel, currency and day at most one version of one list is active.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from deal_svc.catalog.record import Price
from deal_svc.catalog.rules import KEEPERS
from deal_svc.price_lists.record import Entry, ListState, PriceList
from shared.acts import Act, Subject, who
from shared.auth.actor import Actor
from shared.errors import Unmet
from shared.events.catalog import PriceListActivated, PriceListChanged, PriceListDrafted, PriceListEnded, PriceListRetired


@dataclass(frozen=True, slots=True)
class ListFacts:
    """`rivals`: other active versions for the same level, channel and currency, or of the same list.

    `newest`: whether no later version is there.
    """

    rivals: tuple[PriceList, ...] = ()
    newest: bool = True


PRICE_LIST: Subject[PriceList, ListFacts] = Subject(
    name="price_list",
    label="price list",
    states=ListState,
    state=lambda one: one.state,
    owner=lambda *_: None,
    not_owner=Unmet("not_operations", "Only operations keep price lists."),
)


def _overlap(one: PriceList, other: PriceList) -> bool:
    return one.valid_from <= (other.valid_to or date.max) and other.valid_from <= (one.valid_to or date.max)


def gives_way(one: PriceList, other: PriceList) -> bool:
    """Whether an active version ends, or is retired, when this version of the same list becomes active."""
    return other.name == one.name


def _to_activate(one: PriceList, facts: ListFacts, _by: Actor) -> list[Unmet]:
    missing = [] if one.entries else [Unmet("no_entries", "The list has no prices.")]
    clash = [r for r in facts.rivals if _overlap(one, r) and not gives_way(one, r)]
    return missing + [
        Unmet("price_list_overlap", f"The list {r.name} is for the same customers from {r.valid_from} to {r.valid_to or 'further notice'}.")
        for r in clash
    ]


def _to_revise(_one: PriceList, facts: ListFacts, _by: Actor) -> list[Unmet]:
    return [] if facts.newest else [Unmet("newer_version", "There is a newer version; revise that one.")]


DRAFT_LIST = Act(
    of=PRICE_LIST,
    name="create",
    operation="create_price_list",
    who=KEEPERS,
    makes=True,
    to=(ListState.DRAFT,),
    tells=(PriceListDrafted,),
    says="Drafts a price list, or its next version.",
    asks="A name that no list has.",
)
CHANGE = Act(
    of=PRICE_LIST,
    name="change",
    operation="update_price_list",
    who=KEEPERS,
    states=(ListState.DRAFT,),
    refused="The price list cannot be changed.",
    code="price_list_not_changeable",
    wrong_state=Unmet("not_draft", "Only a draft can be changed; revise the list for a new version."),
    tells=(PriceListChanged,),
    says="Changes a draft; entries are given all together.",
    sample=lambda *_: {"channel": "partner"},
)
ACTIVATE = Act(
    of=PRICE_LIST,
    name="activate",
    operation="activate_price_list",
    who=KEEPERS,
    states=(ListState.DRAFT,),
    to=(ListState.ACTIVE,),
    needs=_to_activate,
    refused="The price list cannot be activated.",
    code="price_list_not_activatable",
    tells=(PriceListActivated,),
    says="The version prices quotes on its days; the version before it ends the day before, or is retired.",
    asks="Prices, and no other list for the same customers on these days.",
)
RETIRE = Act(
    of=PRICE_LIST,
    name="retire",
    operation="retire_price_list",
    who=KEEPERS,
    states=(ListState.ACTIVE, ListState.DRAFT),
    to=(ListState.RETIRED,),
    refused="The price list cannot be retired.",
    code="price_list_not_retirable",
    tells=(PriceListRetired,),
    says="The version prices nothing any more; quotes keep the prices that they have.",
)
REVISE = Act(
    of=PRICE_LIST,
    name="revise",
    operation="revise_price_list",
    who=KEEPERS,
    states=(ListState.ACTIVE, ListState.RETIRED),
    needs=_to_revise,
    refused="There can be no new version.",
    code="price_list_not_revisable",
    tells=(PriceListDrafted,),
    says="Drafts the next version of the list; this one stands until that one is active.",
    asks="The newest version.",
    sample=lambda *_: {"valid_from": "2150-01-01"},
)
END = Act(
    of=PRICE_LIST,
    name="end",
    operation=None,
    who=who(),
    states=(ListState.ACTIVE,),
    tells=(PriceListEnded,),
    says="The next version begins: this one ends the day before.",
)
PRICE_LIST_ACTS = (DRAFT_LIST, CHANGE, ACTIVATE, RETIRE, REVISE, END)


# -- Which price counts ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Buyer:
    """Whom a quote is for, as price lists ask: in which currency, of which level, by which channel."""

    currency: str
    level: str | None = None
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A price, and the version of the list that it is from; None: from the product's own price book."""

    unit_price: Decimal
    floor: Decimal | None
    list_id: UUID | None = None
    parts: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Book:
    """All that may price some products: entries of active lists, and the products' own prices."""

    entries: Sequence[Entry]
    prices: Sequence[Price]

    def find(self, product_id: UUID, buyer: Buyer, day: date, quantity: Decimal) -> Found | None:
        """The currency decides first, then the level, then the channel, then the later beginning; the product's own book comes last."""
        fits = [
            e
            for e in self.entries
            if (e.product_id, e.currency) == (product_id, buyer.currency)
            and e.customer_level in (None, buyer.level)
            and e.channel in (None, buyer.channel)
            and e.on(day)
        ]
        if fits:
            best = max(fits, key=lambda e: (e.customer_level is not None, e.channel is not None, e.valid_from))
            unit_price, floor = best.price_of(quantity)
            return Found(unit_price, floor, best.list_id, best.parts)
        own = self.own(product_id, buyer.currency, day)
        return None if own is None else Found(own.unit_price, own.floor)

    def own(self, product_id: UUID, currency: str, day: date) -> Price | None:
        """What the product's own price book says."""
        return next((p for p in self.prices if (p.product_id, p.currency) == (product_id, currency) and p.on(day)), None)

    def stands(self, product_id: UUID, list_id: UUID, day: date) -> bool:
        """Whether that version of a list still prices the product on that day."""
        return any(e.list_id == list_id and e.product_id == product_id and e.on(day) for e in self.entries)
