"""How channels are told, and in which words."""

from collections.abc import Mapping
from functools import cached_property

from pydantic import field_validator, model_validator

from metrics_svc.wording.words import wrong_in
from shared.outbound.numbers import Sending
from shared.policy.document import Part, value


class Words(Part):
    """What is written when an event of this type is told."""

    type: str = value("", "Event", "事件", "The type of event, for example clinch.deal.won.v1.", min_length=1, max_length=100)
    en: str = value("", "English", "英文", "The words in English; values of the event in braces.", min_length=1, max_length=500)
    zh: str = value("", "Chinese", "中文", "The words in Chinese; values of the event in braces.", min_length=1, max_length=500)

    @model_validator(mode="after")
    def _can_be_filled(self) -> "Words":
        for words in (self.en, self.zh):
            if wrong := wrong_in(words, self.type):
                raise ValueError(wrong)
        return self


def _of(name: str, en: str, zh: str) -> Words:
    return Words(type=f"clinch.{name}.v1", en=en, zh=zh)


class Pace(Part):
    """How many messages a channel is sent in a minute at most: what their makers allow, and a little less."""

    feishu: int = value(90, "Feishu", "飞书", "Feishu and Lark allow 100.", ge=1, le=100)
    dingtalk: int = value(18, "DingTalk", "钉钉", "DingTalk allows 20, and else is silent for ten minutes.", ge=1, le=20)
    wecom: int = value(18, "WeCom", "企业微信", "WeCom allows 20.", ge=1, le=20)
    slack: int = value(50, "Slack", "Slack", "Slack allows one in a second.", ge=1, le=60)
    mail: int = value(20, "Mail", "邮件", "What your mail server allows.", ge=1, le=600)


class Notifications(Sending):
    """How channels are told, and in which words."""

    back_off_seconds: tuple[int, ...] = value(
        (5, 60, 300, 1800, 7200),
        "Waits after failures",
        "重试间隔",
        "Seconds to wait after the first, the second ... failed attempt.",
        min_length=1,
        max_length=50,
    )
    most_channels: int = value(50, "Channels", "渠道上限", "Channels that there may be at most.", ge=1, le=500)
    per_minute: Pace = value(Pace(), "Messages in a minute", "每分钟条数", "For channels that are registered from now on.")
    words: tuple[Words, ...] = value(
        (
            _of("deal.won", "Deal won: {account}, {amount}", "赢单：{account}，{amount}"),
            _of("deal.lost", "Deal lost: {account}, {amount}, {reason:loss_reason}", "输单：{account}，{amount}，{reason:loss_reason}"),
            _of("deal.win_reversed", "Win taken back: {account}, {amount}", "赢单撤销：{account}，{amount}"),
            _of(
                "deal.stage_changed",
                "Deal of {account} is in {to_stage:stage}, {amount}",
                "{account}的商机进入{to_stage:stage}，{amount}",
            ),
            _of("lead.mql_reached", "New MQL, score {score}", "新的 MQL，得分 {score}"),
            _of("quote.accepted", "Quote {number} accepted: {account}, {total}", "报价 {number} 已接受：{account}，{total}"),
            _of("contract.signed", "Contract {number} signed: {account}, {total}", "合同 {number} 已签署：{account}，{total}"),
            _of("contract.paid_in_full", "Contract {number} is paid: {account}, {total}", "合同 {number} 已付清：{account}，{total}"),
            _of(
                "contract.deadline_missed",
                "Contract {number} of {account}: {deadline:deadline} was due at {due_at}",
                "{account}的合同 {number}：{deadline:deadline}已于 {due_at} 到期",
            ),
            _of("milestone.overdue", "Payment overdue: {account}, {outstanding} outstanding", "付款逾期：{account}，未付 {outstanding}"),
            _of("payment.received", "Payment received: {account}, {amount}", "收到付款：{account}，{amount}"),
        ),
        "Words",
        "措辞",
        "For types that are not here, what the event is called.",
        max_length=200,
    )

    @field_validator("words")
    @classmethod
    def _once(cls, words: tuple[Words, ...]) -> tuple[Words, ...]:
        types = [one.type for one in words]
        if twice := {type_ for type_ in types if types.count(type_) > 1}:
            raise ValueError(f"{min(twice)} has words twice")
        return words

    @cached_property
    def _by_type(self) -> Mapping[str, Words]:
        return {one.type: one for one in self.words}

    def template(self, type_: str, lang: str) -> str | None:
        words = self._by_type.get(type_)
        return None if words is None else words.en if lang == "en" else words.zh
