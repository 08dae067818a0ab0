"""What a company has before the year begins: people, products with their prices, and old customers."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from clinch.demo import paper, pricing, staff, tables
from clinch.demo.calls import Advance, Calls, Hand, Progress, answer_of, plain
from clinch.demo.moments import YEAR
from clinch.demo.pricing import COMPLETE
from clinch.demo.tables import CUSTOMERS, LINES, SELLERS, Customer, Item
from clinch.errors import CommandError
from shared.auth import person_id

FOREIGN = "USD"


@dataclass(frozen=True)
class Known:
    """An old customer as the API knows it."""

    account_id: UUID
    contact_id: UUID


@dataclass(frozen=True)
class Company:
    """`home` is the reporting currency; `abroad` the one for deals beyond the border, where a rate for it is configured."""

    home: str
    abroad: str | None
    products: Mapping[str, UUID]
    customers: Mapping[str, Known]


async def found(calls: Calls, now: datetime, progress: Progress) -> Company:
    """See that all of it is there; what is there already stays as it is. The people must be in the roster."""
    advance = progress.stage("Customers", len(CUSTOMERS))
    home = (await calls.get("/v1/metrics/funnel", by=staff.ADMIN, to="1970-01-01"))["currency"]
    customers = {customer.key: await _customer(calls, customer, advance) for customer in CUSTOMERS}
    await _hear_of_all(calls, [known.account_id for known in customers.values()], home, now - YEAR)
    abroad = FOREIGN if home != FOREIGN and await _takes(calls, FOREIGN, customers[CUSTOMERS[0].key].account_id) else None
    currencies = [home] if abroad is None else [home, abroad]
    sold = [*((item, line.name) for line in LINES for item in line.items), (COMPLETE.item, COMPLETE.line)]
    advance = progress.stage("Products and prices", len(sold))
    products = {item.sku: await _product(calls, item, line, currencies, now.year, advance) for item, line in sold}
    await pricing.list_prices(calls, now.year, home, products)
    await paper.publish(calls)
    return Company(home, abroad, products, customers)


async def _customer(calls: Calls, customer: Customer, advance: Advance) -> Known:
    hand = Hand(calls, f"demo-{customer.key}")
    account = await hand.post(
        staff.OPERATIONS,
        "/v1/accounts",
        external_id=f"demo-{customer.key}",
        name=customer.name,
        region=customer.region,
        industry=customer.industry,
        tier="key" if customer.key == CUSTOMERS[0].key else "standard",
    )
    contact = await hand.post(
        staff.OPERATIONS,
        "/v1/contacts",
        external_id=f"demo-{customer.key}",
        account_id=account["id"],
        name=customer.contact,
        email=f"{customer.contact.replace(' ', '.').lower()}@{customer.key}.example",
        job_title=tables.JOBS[0],
    )
    for person in staff.CUSTOMER_TEAM:
        await hand.put(staff.DIRECTOR, f"/v1/accounts/{account['id']}/members/{person_id(person)}")
    advance(1)
    return Known(account["id"], contact["id"])


async def _product(calls: Calls, item: Item, line: str, currencies: list[str], year: int, advance: Advance) -> UUID:
    """The product with the prices of this year and the last: a price that is there already is left alone."""
    hand = Hand(calls, f"demo-{item.sku}-{year}")
    listed = await calls.get("/v1/products", by=staff.OPERATIONS, sku=item.sku)
    sold: dict[str, Any] = {"name": item.name, "line": line, "family": item.family, "unit": item.unit, "lead_days": item.lead_days}
    sold |= {"sku": item.sku, "tax_percent": str(item.tax_percent)}
    product = listed["items"][0] if listed["items"] else await hand.post(staff.OPERATIONS, "/v1/products", **sold)
    known = {(price["unit_price"]["currency"], price["valid_from"]) for price in product["prices"]}
    for currency in currencies:
        for first in (date(year - 1, 1, 1), date(year, 1, 1)):
            if (currency, first.isoformat()) not in known:
                price = {"amount": str(item.priced(currency, first.year)), "currency": currency}
                await hand.put(staff.OPERATIONS, f"/v1/products/{product['id']}/prices", unit_price=price, valid_from=first)
    advance(1)
    return UUID(product["id"])


# -- What deal-svc has heard ---------------------------------------------------------------------------------------------------


async def _hear_of_all(calls: Calls, accounts: list[UUID], currency: str, at: datetime) -> None:
    """Wait until deal-svc has heard of everybody who sells and of every customer: each could open a deal, a year ago."""
    for n, seller in enumerate(SELLERS):
        await _opens(calls, accounts[n % len(accounts)], seller, currency, at, by=staff.DIRECTOR)
    for account_id in accounts:
        for seller in staff.CUSTOMER_TEAM:
            await _opens(calls, account_id, seller, currency, at, by=seller)


async def _opens(calls: Calls, account_id: UUID, seller: str, currency: str, at: datetime, *, by: str) -> None:
    for _ in range(600):
        response = await _try_deal(calls, account_id, seller, currency, by=by, at=at)
        if response.is_success:
            return
        if not any(code in response.text for code in ("unknown_account", "unknown_owner", "backdate_not_allowed")):
            answer_of(response, by)
        await asyncio.sleep(0.1)
    raise CommandError("deal-svc does not hear of the people and the customers; `clinch logs worker` may say why.")


async def _takes(calls: Calls, currency: str, account_id: UUID) -> bool:
    """Whether there is a rate for the currency."""
    response = await _try_deal(calls, account_id, staff.SUCCESS, currency, by=staff.DIRECTOR)
    if response.status_code == 422 and "no_fx_rate" in response.text:
        return False
    answer_of(response, staff.DIRECTOR)
    return True


async def _try_deal(calls: Calls, account_id: UUID, owner: str, currency: str, *, by: str, at: datetime | None = None) -> Any:
    amount = {"amount": "1", "currency": currency}
    body = {"name": "a try", "account_id": account_id, "amount": amount, "owner_id": person_id(owner), "at": at}
    return await calls.send("POST", "/v1/deals?dry_run=true", by=by, json=plain(body))
