"""What channels are told, and in which call. The signatures are held against the makers' own documented way in tests/robots.py."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from metrics_svc.notifications import robots
from metrics_svc.notifications.record import ChannelKind
from metrics_svc.wording import words
from metrics_svc.wording.policy import Notifications, Words
from shared.events.envelope import REGISTRY
from shared.outbound.rules import Answer

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SHANGHAI = ZoneInfo("Asia/Shanghai")
WON = words.Happened("clinch.deal.won.v1", {"amount": {"amount": "120000.50", "currency": "CNY"}}, "Acme", "")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"amount": "120000.50", "currency": "CNY"}, "CNY 120,000.50"),
        ("2026-03-02T09:00:00Z", "2026-03-02 17:00"),
        (None, "–"),
        ("", "–"),
        (True, "是"),
        (42, "42"),
        ([1, 2], "2"),
    ],
)
def test_values_are_written_as_people_read_them(value: Any, said: str) -> None:
    assert words.shown(value, "zh", SHANGHAI) == said


def test_the_words_are_the_policys_in_the_channels_language() -> None:
    policy = Notifications()
    said = {lang: words.written(WON, policy.template(WON.type, lang), lang, SHANGHAI) for lang in ("en", "zh")}
    assert said == {"en": "Deal won: Acme, CNY 120,000.50", "zh": "赢单：Acme，CNY 120,000.50"}


def test_a_type_without_words_is_called_by_its_label() -> None:
    happened = words.Happened("clinch.quote.sent.v1", {}, "Acme", "https://clinch.example/#/deals/1")
    assert words.written(happened, None, "zh", SHANGHAI) == "报价已发送：Acme\nhttps://clinch.example/#/deals/1"
    assert words.written(words.Happened("clinch.odd.v9", {}, None, ""), None, "en", SHANGHAI) == "clinch.odd.v9"


def test_of_what_people_wrote_only_a_label_is_told() -> None:
    template = Notifications().template("clinch.deal.lost.v1", "en")
    known = words.Happened("clinch.deal.lost.v1", {"reason": "price"}, "Acme", "")
    own = words.Happened("clinch.deal.lost.v1", {"reason": "Ms Lin's budget"}, "Acme", "")
    assert words.written(known, template, "en", SHANGHAI).endswith(", Price")
    assert "Lin" not in words.written(own, template, "en", SHANGHAI)


@pytest.mark.parametrize(
    ("type_", "template", "says"),
    [
        ("clinch.deal.won.v1", "{amout}", "has no value amout"),
        ("clinch.deal.own.v1", "{amount}", "no event has the type"),
        ("clinch.deal.won.v1", "{reason}", "people's own words"),
        ("clinch.deal.won.v1", "{from_stage:stadium}", "no labels stadium"),
        ("clinch.deal.won.v1", "{amount!r}", "write a value's name"),
        ("clinch.deal.won.v1", "{amount", "expected '}'"),
        ("clinch.deal.won.v1", "{amount.__class__}", "write a value's name"),
    ],
)
def test_words_that_cannot_be_filled_are_refused(type_: str, template: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Words(type=type_, en=template, zh=template)


def test_the_policys_own_words_can_be_filled_for_every_event_of_the_contract() -> None:
    assert len(Notifications().words) > 5
    for one in Notifications().words:
        assert one.type in REGISTRY
        assert words.wrong_in(one.en, one.type) is None


def test_a_message_fits_into_the_narrowest_robot() -> None:
    happened = words.Happened("clinch.deal.won.v1", {}, "长" * 2000, "https://clinch.example/#/deals/1")
    said = words.written(happened, "{account}", "zh", SHANGHAI)
    assert len(said.encode()) <= words.LONGEST
    assert said.endswith("…\nhttps://clinch.example/#/deals/1")


@pytest.mark.parametrize(
    ("aggregate", "data", "ends"),
    [("deal", {}, "/#/deals/S"), ("contract", {"deal_id": "D"}, "/#/deals/D"), ("lead", {}, "/#/leads/S"), ("account", {}, "")],
)
def test_a_message_leads_to_the_page(aggregate: str, data: dict[str, Any], ends: str) -> None:
    assert words.link("https://c.example", aggregate, "S", data) == (f"https://c.example{ends}" if ends else "")
    assert words.link("", aggregate, "S", data) == ""


def test_nobodys_name_calls_all_the_people_of_a_chat() -> None:
    evil = '<at user_id="all">x</at> <!channel> & <@U1>'
    feishu = orjson.loads(robots.call(ChannelKind.FEISHU, "u", None, evil, NOW).body)["content"]["text"]
    slack = orjson.loads(robots.call(ChannelKind.SLACK, "u", None, evil, NOW).body)["text"]
    assert "<" not in feishu + slack
    assert "&lt;!channel&gt; &amp;" in slack


@pytest.mark.parametrize(
    ("kind", "said", "error"),
    [
        ("feishu", b'{"code":0}', None),
        ("feishu", b'{"StatusCode":0}', None),
        ("feishu", b'{"code":19021}', "code 19021"),
        ("dingtalk", b'{"errcode":310000}', "code 310000"),
        ("wecom", b'{"errcode":93000}', "was it removed"),
        ("wecom", b"<html>", "not that of such a robot"),
        ("wecom", b"[]", "not that of such a robot"),
        ("slack", b"ok", None),
    ],
)
def test_what_a_robot_says_decides_and_not_its_status(kind: str, said: bytes, error: str | None) -> None:
    judged = robots.judged(ChannelKind(kind), Answer(200, None, 0.1, said=said))
    assert judged.is_taken is (error is None)
    assert (error or "") in (judged.error or "")
    assert judged.said == b""


def test_a_robot_that_is_called_too_often_is_left_alone_for_a_minute() -> None:
    judged = robots.judged(ChannelKind.DINGTALK, Answer(200, None, 0.1, said=b'{"errcode":130101}'))
    assert (judged.is_taken, judged.retry_after) == (False, robots.TOO_FAST)
