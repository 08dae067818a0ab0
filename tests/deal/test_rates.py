"""The rate of the business day is frozen in what happens then; one of a day before says so."""

from datetime import date
from decimal import Decimal
from typing import Any

from shared.events.deal import DealOpened, DealUpdated
from shared.events.rate import RateSet, RateWithdrawn
from shared.rates import rate_id
from tests.deal.sales import Sales
from tests.harness import Running

USD = {"amount": "100", "currency": "USD"}


async def hear(svc: Running, day: str, rate: str | None, currency: str = "USD", version: int = 1, base: str = "CNY") -> None:
    said: dict[str, Any] = {"currency": currency, "base": base, "day": date.fromisoformat(day), "source": "ECB"}
    event = RateWithdrawn(**said) if rate is None else RateSet(rate=Decimal(rate), **said)
    await svc.hear(event, rate_id(base, currency, said["day"]), version)


async def frozen(sales: Sales, svc: Running, **over: Any) -> tuple[str, str | None]:
    deal = await sales.deal(amount=over.pop("amount", USD), **over)
    told = (await svc.told(DealOpened))[-1].data
    assert isinstance(told, DealOpened)
    assert deal["fx_day"] == (told.fx_day.isoformat() if told.fx_day else None)
    return f"{told.fx:f}", deal["fx_day"]


async def test_a_deal_keeps_the_rate_of_the_day_on_which_it_was_opened(sales: Sales, svc: Running) -> None:
    await hear(svc, "2026-02-01", "7.1")
    await hear(svc, "2026-03-02", "7.2")
    assert await frozen(sales, svc) == ("7.20000000", None)
    assert await frozen(sales, svc, at="2026-02-01T12:00:00Z") == ("7.10000000", None)
    assert await frozen(sales, svc, at="2026-02-14T12:00:00Z") == ("7.10000000", "2026-02-01")
    assert await frozen(sales, svc, at="2026-01-31T12:00:00Z") == ("7", None), "of the settings, before the first row"
    assert await frozen(sales, svc, amount={"amount": "1", "currency": "CNY"}) == ("1", None)


async def test_a_correction_counts_from_then_on_and_one_taken_back_never(sales: Sales, svc: Running) -> None:
    await hear(svc, "2026-02-01", "7.1")
    await hear(svc, "2026-03-02", "7.2")
    await hear(svc, "2026-03-02", "7.25", version=2)
    await hear(svc, "2026-03-02", "7.2")  # told late, or twice
    assert await frozen(sales, svc) == ("7.25000000", None)
    await hear(svc, "2026-03-02", None, version=3)
    assert await frozen(sales, svc) == ("7.10000000", "2026-02-01")
    await hear(svc, "2026-03-02", "0.14", base="EUR")
    assert await frozen(sales, svc) == ("7.10000000", "2026-02-01"), "of another reporting currency"


async def test_another_currency_takes_the_rate_of_its_day_and_another_amount_keeps_it(sales: Sales, svc: Running) -> None:
    await hear(svc, "2026-02-01", "7.1")
    deal = await sales.deal(amount=USD)
    await hear(svc, "2026-03-02", "7.2")
    more = await sales.ask("rep:ann", "PATCH", f"/v1/deals/{deal['id']}", {"amount": {"amount": "200", "currency": "USD"}}, etag="*")
    assert more["fx_day"] == "2026-02-01"
    await hear(svc, "2026-02-20", "0.05", currency="JPY")
    yen = await sales.ask("rep:ann", "PATCH", f"/v1/deals/{deal['id']}", {"amount": {"amount": "9000", "currency": "JPY"}}, etag="*")
    assert yen["fx_day"] == "2026-02-20"
    told = (await svc.told(DealUpdated))[-1].data
    assert isinstance(told, DealUpdated)
    assert (f"{told.fx:f}", told.fx_day, told.changed) == ("0.05000000", date(2026, 2, 20), ["amount", "currency", "fx", "fx_day"])
