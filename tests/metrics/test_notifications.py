"""Channels against stand-ins that check what the makers of robots document, and a mail server: from the feed to the group chat."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from clinch.run.postgres import Postgres
from metrics_svc.feed.commands import feed
from metrics_svc.notifications.courier import COURIER
from metrics_svc.service import service
from metrics_svc.webhooks.courier import sender
from shared.clock import utcnow
from shared.events.deal import DealLost, DealOpened, DealWon
from shared.events.envelope import Envelope, Event
from shared.events.party import AccountCreated
from shared.events.team import PersonAdded
from shared.ids import external_id, new_id
from tests.client import Client, done
from tests.harness import Running, as_delivered, running
from tests.metrics.endpoints import Webhooks
from tests.receiver import receiving
from tests.robots import PATHS, SECRET, Robot, mail_server

Answer = dict[str, Any]
ACME = external_id("account", "acme")
MONEY = {"amount": "120000", "currency": "CNY"}


class Channels(Client):
    def __init__(self, svc: Running) -> None:
        super().__init__(svc)
        self.svc = svc

    async def call(self, method: str, path: str = "", body: Any = None, *, status: int, role: str = "ops", etag: Any = None) -> Any:
        key = str(new_id()) if path.endswith("/redeliver") and "/deliveries/" not in path else None
        answer = await self.raw(role, method, f"/v1/notification-channels{path}", body, etag=etag, key=key)
        return done(answer, status)

    async def register(self, kind: str = "wecom", *, status: int = 201, **body: Any) -> Answer:
        given = {"name": "Wins", "kind": kind, "types": ["clinch.deal.won.v1", "clinch.deal.lost.v1"]} | body
        made: Answer = await self.call("POST", body=given, status=status)
        return made

    async def read(self, channel: Answer) -> Answer:
        found: Answer = await self.call("GET", f"/{channel['id']}", status=200)
        return found

    async def deliveries(self, channel: Answer) -> list[Answer]:
        found: list[Answer] = (await self.call("GET", f"/{channel['id']}/deliveries", status=200))["items"]
        return found

    async def happens(self, event: Event, *, ago_days: float = 0, who: str = "rep") -> None:
        """An event of a deal that this person owns."""
        deal, at = new_id(), self.svc.clock()
        opened = DealOpened(amount=MONEY, fx="1", owner_id=self.svc.person(who, who), account_id=ACME, recorded_at=at)
        happened = event.model_copy(update={"recorded_at": at, "owner_id": opened.owner_id})
        told = [
            Envelope(new_id(), opened.type, deal, 1, at, opened),
            Envelope(new_id(), event.type, deal, 2, at - timedelta(days=ago_days), happened),
        ]
        async with self.svc.transaction() as tx:
            await feed(tx, [as_delivered(e) for e in told])

    async def work(self) -> int:
        """Turns and attempts until nothing is due; how many attempts."""
        sent = 0
        async with sender(self.svc.settings, self.svc.clock) as sending:
            while True:
                async with self.svc.transaction() as tx:
                    claimed = (await COURIER.take_turn(tx))[1]
                if not claimed:
                    return sent
                for one in claimed:
                    await COURIER.attempt(self.svc.db, self.svc.settings, self.svc.clock, sending, one)
                sent += len(claimed)


def won(svc: Running) -> DealWon:
    now = svc.clock()
    return DealWon(amount=MONEY, fx="1", from_stage="closing", cycle=1, opened_at=now, seconds_in_stage=0)


def lost(svc: Running, reason: str = "price") -> DealLost:
    now = svc.clock()
    return DealLost(amount=MONEY, fx="1", reason=reason, from_stage="closing", cycle=1, opened_at=now, seconds_in_stage=0)


@asynccontextmanager
async def channels_of(postgres: Postgres, **settings: Any) -> AsyncIterator[Channels]:
    async with running(service, postgres, webhook_allow=("127.0.0.1",), **settings) as svc:
        svc.clock.now = utcnow()  # the robots look at the time
        await svc.hear(AccountCreated(name="Acme"), ACME)
        yield Channels(svc)
        assert await Webhooks(svc).broken() == []


@pytest_asyncio.fixture(scope="function")
async def channels(postgres: Postgres) -> AsyncIterator[Channels]:
    async with channels_of(postgres, public_url="https://clinch.example") as started:
        yield started


@pytest.mark.parametrize(("kind", "secret"), [("feishu", SECRET), ("dingtalk", SECRET), ("wecom", None), ("slack", None), ("feishu", None)])
async def test_each_maker_of_robots_takes_what_is_sent(channels: Channels, kind: str, secret: str | None) -> None:
    robot = Robot(kind, secret)
    async with receiving(judge=robot) as receiver:
        address = f"http://127.0.0.1:{receiver.port}{PATHS[kind]}"
        made = await channels.register(kind, lang="zh", address=address, **({"secret": secret} if secret else {}))
        assert (made["leads_to"], made["signs"]) == (f"127.0.0.1:{receiver.port}", secret is not None)
        assert PATHS[kind] not in str(made)
        tried = await channels.call("POST", f"/{made['id']}/ping", status=200)
        assert tried["delivered"], tried
        await channels.happens(won(channels.svc))
        assert await channels.work() == 1
    _, said = robot.said
    words, link = said.split("\n")
    assert words == "赢单：Acme，CNY 120,000.00"
    assert link.startswith("https://clinch.example/#/deals/")
    assert [d["state"] for d in await channels.deliveries(made)] == ["delivered"]


@pytest.mark.parametrize("kind", ["feishu", "dingtalk"])
async def test_a_wrong_secret_is_said_and_tried_again(channels: Channels, kind: str) -> None:
    robot = Robot(kind, SECRET)
    async with receiving(judge=robot) as receiver:
        address = f"http://127.0.0.1:{receiver.port}{PATHS[kind]}"
        made = await channels.register(kind, address=address, secret="SECanotherone")
        await channels.happens(won(channels.svc))
        assert await channels.work() == 1
        [waits] = await channels.deliveries(made)
        assert (waits["state"], waits["attempts"][0]["status"]) == ("pending", 200)
        assert "the robot" in waits["attempts"][0]["error"] or "it" in waits["attempts"][0]["error"]
        changed = await channels.call("PATCH", f"/{made['id']}", {"secret": SECRET}, status=200, etag=made["version"])
        assert changed["failing_since"] is not None
        channels.svc.clock.advance(seconds=7)
        assert await channels.work() == 1
    assert len(robot.said) == 1
    assert (await channels.read(made))["failing_since"] is None


async def test_a_channel_is_sent_no_more_in_a_minute_than_its_maker_allows(channels: Channels) -> None:
    robot = Robot("dingtalk")
    async with receiving(judge=robot) as receiver:
        made = await channels.register("dingtalk", address=f"http://127.0.0.1:{receiver.port}{PATHS['dingtalk']}")
        for _ in range(25):
            await channels.happens(won(channels.svc))
        assert await channels.work() == made["per_minute"] == 18
        channels.svc.clock.advance(seconds=30)
        assert await channels.work() == 0
        assert (await channels.read(made))["waiting"] == 7
        channels.svc.clock.advance(seconds=31)
        assert await channels.work() == 7
    assert len(robot.said) == 25


@pytest.mark.parametrize("kind", ["feishu", "dingtalk", "wecom"])
async def test_a_robot_that_says_too_fast_is_left_alone_for_a_minute(channels: Channels, kind: str) -> None:
    robot = Robot(kind, limit=0)
    async with receiving(judge=robot) as receiver:
        made = await channels.register(kind, address=f"http://127.0.0.1:{receiver.port}{PATHS[kind]}")
        await channels.happens(won(channels.svc))
        assert await channels.work() == 1
        robot.limit = 1
        channels.svc.clock.advance(seconds=50)
        assert await channels.work() == 0
        channels.svc.clock.advance(seconds=11)
        assert await channels.work() == 1
    assert len(robot.said) == 1, await channels.deliveries(made)


async def test_history_is_no_news(channels: Channels) -> None:
    robot = Robot("wecom")
    async with receiving(judge=robot) as receiver:
        await channels.register(address=f"http://127.0.0.1:{receiver.port}{PATHS['wecom']}")
        await channels.happens(won(channels.svc), ago_days=2)
        await channels.happens(lost(channels.svc), ago_days=0.5)
        assert await channels.work() == 1
    assert robot.said[0].startswith("Deal lost: Acme, CNY 120,000.00, Price")


async def test_a_teams_channel_is_told_of_the_teams_records(channels: Channels) -> None:
    north, south = external_id("team", "north"), external_id("team", "south")
    svc = channels.svc
    await svc.hear(PersonAdded(role="rep", team_id=north, team_path=[external_id("team", "sales"), north]), svc.person("ann", "ann"))
    await svc.hear(PersonAdded(role="rep", team_id=south, team_path=[external_id("team", "sales"), south]), svc.person("bob", "bob"))
    robot = Robot("wecom")
    async with receiving(judge=robot) as receiver:
        address = f"http://127.0.0.1:{receiver.port}{PATHS['wecom']}"
        of_north = await channels.register(address=address, team_id=str(north))
        of_all = await channels.register(address=address, team_id=str(external_id("team", "sales")))
        for who in ("ann", "bob"):
            await channels.happens(won(svc), who=who)
        assert await channels.work() == 3
    assert [len(await channels.deliveries(one)) for one in (of_north, of_all)] == [1, 2]


async def test_mail_goes_to_all_addresses_and_is_known_again(postgres: Postgres) -> None:
    async with mail_server(refuses=frozenset({"gone@clinch.example"})) as server:
        settings = {"smtp_url": f"smtp://127.0.0.1:{server.port}", "mail_from": "clinch@clinch.example"}
        async with channels_of(postgres, **settings) as channels:
            to = ["ann@clinch.example", "gone@clinch.example"]
            made = await channels.register("mail", lang="zh", to=to)
            assert made["leads_to"] == "2 addresses"
            assert "ann@" not in str(made)
            await channels.happens(lost(channels.svc))
            assert await channels.work() == 1
            [sent] = await channels.deliveries(made)
            assert sent["state"] == "delivered", sent
            await channels.call("POST", f"/{made['id']}/deliveries/{sent['id']}/redeliver", status=202)
            assert await channels.work() == 1
    (known, first), (_, second) = server.mails
    assert known == ["ann@clinch.example"]
    assert first["Subject"] == "输单：Acme，CNY 120,000.00，价格"
    assert first["Message-ID"] == second["Message-ID"] == f"<{sent['event_id']}@clinch.example>"


async def test_a_mail_server_that_knows_nobody_is_tried_again(postgres: Postgres) -> None:
    refuses = frozenset({"gone@clinch.example"})
    async with mail_server(refuses=refuses) as server, channels_of(postgres, smtp_url=f"smtp://127.0.0.1:{server.port}") as channels:
        made = await channels.register("mail", to=["gone@clinch.example"])
        await channels.happens(lost(channels.svc))
        assert await channels.work() == 1
        [waits] = await channels.deliveries(made)
    assert (waits["state"], waits["attempts"][0]["status"]) == ("pending", 550)
    assert server.mails == []


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({"kind": "mail"}, "/to", "missing"),
        ({"kind": "mail", "to": ["a@b.example"]}, "/kind", "no_mail_server"),
        ({"kind": "mail", "to": ["a@b.example"], "address": "https://8.8.8.8/x"}, "/address", "not_for_mail"),
        ({"kind": "slack"}, "/address", "missing"),
        ({"kind": "slack", "address": "https://8.8.8.8/x"}, "/address", "not_a_robot"),
        ({"kind": "feishu", "address": "https://8.8.8.8/x"}, "/address", "not_a_robot"),
        ({"kind": "dingtalk", "address": "https://8.8.8.8/robot/send"}, "/address", "not_a_robot"),
        ({"kind": "wecom", "address": "https://8.8.8.8/cgi-bin/webhook/send"}, "/address", "not_a_robot"),
        ({"kind": "slack", "address": "https://8.8.8.8/services/x", "secret": "12345678"}, "/secret", "not_signed"),
        ({"kind": "slack", "address": "https://8.8.8.8/services/x", "to": ["a@b.example"]}, "/to", "not_for_robots"),
        ({"kind": "slack", "address": "https://10.0.0.1/services/x"}, "/address", "address_refused"),
        ({"kind": "slack", "address": "https://169.254.169.254/services/x"}, "/address", "address_refused"),
        ({"kind": "slack", "address": "https://8.8.8.8/services/x", "types": ["clinch.deal.wno.v1"]}, "/types/0", "unknown_type"),
    ],
)
async def test_a_channel_that_leads_nowhere_is_refused_with_its_field(
    channels: Channels, body: dict[str, Any], pointer: str, code: str
) -> None:
    refused = await channels.register(**body, status=422)
    assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [(pointer, code)]
    assert (await channels.call("GET", status=200))["items"] == []


async def test_a_channel_is_changed_disabled_and_enabled_and_what_happened_meanwhile_is_no_news(channels: Channels) -> None:
    robot = Robot("wecom")
    async with receiving(judge=robot) as receiver:
        made = await channels.register(address=f"http://127.0.0.1:{receiver.port}{PATHS['wecom']}")
        off = await channels.call("PATCH", f"/{made['id']}", {"enabled": False, "lang": "zh"}, status=200, etag=made["version"])
        assert (off["state"], off["reason"], off["lang"]) == ("disabled", "by_hand", "zh")
        await channels.happens(won(channels.svc))
        assert await channels.work() == 0
        assert (await channels.call("POST", f"/{made['id']}/redeliver", _span(channels.svc), status=409))["code"] == "disabled"
        on = await channels.call("PATCH", f"/{made['id']}", {"enabled": True}, status=200, etag=off["version"])
        assert await channels.work() == 0
        await channels.happens(lost(channels.svc))
        assert await channels.work() == 1
        assert robot.said[0].startswith("输单")
        again = await channels.call("POST", f"/{made['id']}/redeliver", _span(channels.svc) | {"state": "delivered"}, status=202)
        assert again == {"count": 1}
        assert await channels.work() == 1
        latest = await channels.read(on)
        await channels.call("DELETE", f"/{made['id']}", status=204, etag=latest["version"])
        await channels.call("GET", f"/{made['id']}", status=404)
        await channels.happens(lost(channels.svc))
        assert await channels.work() == 0


def _span(svc: Running) -> dict[str, Any]:
    return {"since": (svc.clock() - timedelta(hours=1)).isoformat(), "until": (svc.clock() + timedelta(hours=1)).isoformat()}


@pytest.mark.parametrize("role", ["rep", "manager", "director", "sales_ops", "marketing"])
async def test_channels_are_for_those_who_run_the_system(channels: Channels, role: str) -> None:
    await channels.call("GET", status=403, role=role)
    await channels.call("POST", body={"name": "x"}, status=403, role=role)
