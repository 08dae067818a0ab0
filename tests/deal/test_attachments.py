"""Files attached to deals: the same as of leads, for those who see the deal."""

from deal_svc.attachments.api import OF_DEALS
from shared.attachments.upkeep import left_over
from shared.events.deal import DealFileAttached, DealFileRemoved
from tests.client import done
from tests.deal.sales import Sales
from tests.harness import Running

PDF = b"%PDF-1.7 an offer"
SENT = {"content": PDF, "params": {"name": "offer.pdf"}, "headers": {"Content-Type": "application/pdf"}}


async def test_a_file_hangs_on_a_deal_until_it_is_removed(sales: Sales, svc: Running) -> None:
    deal = await sales.deal()
    at = f"/v1/deals/{deal['id']}/attachments"
    made = done(await sales.by("rep:ann").post(at, **SENT), 201)
    assert made["record_version"] == (await sales.read(deal))["version"]
    assert (await sales.by("manager:max").get(f"{at}/{made['id']}")).content == PDF
    for path in (at, f"{at}/{made['id']}"):
        assert (await sales.raw("rep:bob", "GET", path)).status_code == 404
    assert (await sales.by("rep:bob").post(at, **SENT)).status_code == 404
    await sales.ask("rep:ann", "DELETE", f"{at}/{made['id']}")
    assert (await sales.ask("rep:ann", "GET", at))["items"] == []
    async with svc.db.read() as db:
        assert await db.value("SELECT count(*) FROM deal_attachment_piece") == 0
    attached, removed = await svc.told(DealFileAttached, DealFileRemoved)
    assert attached.data.attachment_id == removed.data.attachment_id
    assert await left_over(svc.db, OF_DEALS) == 0
