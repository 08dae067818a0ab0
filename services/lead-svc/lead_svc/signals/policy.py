"""The kinds of signals there are, and what follows from one."""

import re
from typing import Self

from pydantic import field_validator, model_validator

from lead_svc.signals.fields import KINDS, SignalKind
from shared.policy.document import Document, Part, Policy, value

_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


class OwnKind(Part):
    """A kind of signal that the company adds."""

    key: str = value("trade_show_visit", "Key", "代码", "How senders and rules name it: small letters, digits and _.", max_length=40)
    label: str = value("", "Name", "名称", "What people read.", max_length=80)
    label_zh: str = value("", "Name in Chinese", "中文名称", "What people read in Chinese.", max_length=80)

    @field_validator("key")
    @classmethod
    def _is_a_key(cls, key: str) -> str:
        if not _KEY.fullmatch(key):
            raise ValueError("write small letters, digits and _, with a letter first")
        return key


class SignalPolicy(Document):
    """Which signals there are, how long visitors are kept, and which signals make or wake a lead."""

    kinds: tuple[OwnKind, ...] = value((), "Own kinds", "自定义信号", "Kinds of signals beside the built-in ones.", max_length=100)
    visitor_days: int = value(
        90, "Days of a visitor", "访客保留天数", "Days without a signal after which an unknown visitor is forgotten.", ge=1, le=3650
    )
    new_lead_kinds: tuple[str, ...] = value(
        (), "Signals that make leads", "生成线索的信号", "Unknown people become leads by signals of these kinds.", max_length=100
    )
    reactivating_kinds: tuple[str, ...] = value(
        (SignalKind.FORM.value, SignalKind.DEMO_REQUESTED.value),
        "Signals that reactivate",
        "重新激活的信号",
        "A nurtured lead, and one disqualified for want of an answer, is taken up again by signals of these kinds.",
        max_length=100,
    )

    @model_validator(mode="after")
    def _known(self) -> Self:
        own = [kind.key for kind in self.kinds]
        if twice := {key for key in own if own.count(key) > 1 or key in KINDS}:
            raise ValueError(f"there is a kind {min(twice)} already")
        if unknown := {*self.new_lead_kinds, *self.reactivating_kinds} - {*own, *KINDS}:
            raise ValueError(f"{min(unknown)} is no kind of signal; there are {', '.join([*KINDS, *own])}")
        return self

    @property
    def all_kinds(self) -> tuple[str, ...]:
        return (*KINDS, *(kind.key for kind in self.kinds))


POLICY = Policy("lead-svc", SignalPolicy, name="signals")
