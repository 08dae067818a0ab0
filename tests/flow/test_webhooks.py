"""From a lead that somebody makes to the receiver of another system, over the log, the feed and the worker."""

import orjson

from clinch.run.postgres import Postgres
from shared.clock import utcnow
from tests.flow.system import eventually, whole_system
from tests.metrics.endpoints import Webhooks
from tests.receiver import receiving


async def test_a_receiver_hears_of_a_lead_and_of_its_own_endpoint(postgres: Postgres) -> None:
    async with whole_system(postgres, webhook_allow=("127.0.0.1",)) as system, receiving() as receiver:
        for service in system.services.values():
            service.clock.now = utcnow()  # the standard's library refuses what is older than five minutes
        hooks = Webhooks(system["metrics-svc"])
        receiver.answers = [503]
        webhook = await hooks.register(receiver.url, ["clinch.lead.captured.v1", "clinch.webhook.*"])
        async with system.client("rep") as rep:
            lead = (await rep.post("/v1/leads", json={"source": "trade_show", "company": "Red Lantern"})).json()

        async def refused() -> bool:
            return [d["tries"] for d in await hooks.deliveries(webhook) if d["state"] == "pending"] == [1]

        async def all_delivered() -> bool:
            return [d["state"] for d in await hooks.deliveries(webhook)] == ["delivered"] * 2

        await eventually(refused)
        system["metrics-svc"].clock.advance(seconds=10)  # so that its wait ends
        await eventually(all_delivered)
        assert {r.type for r in receiver.received} == {"clinch.lead.captured.v1", "clinch.webhook.registered.v1"}
        captured = next(r for r in receiver.received if r.type == "clinch.lead.captured.v1")
        assert captured.verified(webhook["secret"])
        assert len(receiver.received) == 3  # one of them twice
        data = orjson.loads(captured.body)["data"]
        assert (data["id"], data["version"]) == (lead["id"], 1)
        async with system.client("admin") as admin:
            page = (await admin.get("/v1/events", params={"after": data["position"] - 1, "limit": 1})).json()
        assert captured.id in str(page)  # the whole event is in the feed, where the message says
        assert await hooks.broken() == []
