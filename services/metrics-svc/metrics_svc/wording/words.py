"""The words of a message: what happened, by the policy's templates, in the language of the channel. Pure.

A template is a text with names of the event's values in braces: `{amount}`; `{reason:loss_reason}` is what people call the value in
that group of labels. `{account}` is the customer's name. What people wrote in their own words never leaves, as it may be about
anybody: of such a value only a label is shown.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from string import Formatter
from typing import Any
from zoneinfo import ZoneInfo

from shared.events.envelope import REGISTRY, Event
from shared.labels import labels
from shared.money import rounded

ACCOUNT = "account"
NOTHING = "–"
LONGEST = 1800
"""Bytes of a message: WeCom takes 2048 in a text, the least of all."""


@dataclass(frozen=True, slots=True)
class Happened:
    """An event, and what is known around it. `link` is empty where there is no page to show."""

    type: str
    data: Mapping[str, Any]
    account: str | None
    link: str


def placeholders(template: str) -> Iterator[tuple[str, str]]:
    """The names in a template, each with its group of labels or an empty text. ValueError when the braces make no sense."""
    for _text, name, group, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or conversion:
            raise ValueError(f"write a value's name in braces, not {{{name}}}")
        yield name, group or ""


def wrong_in(template: str, type_: str) -> str | None:
    """What is wrong with a template for this type of event, as a sentence; None when nothing is."""
    event = REGISTRY.get(type_)
    if event is None:
        return f"no event has the type {type_}; docs/events.md lists them"
    values = event.model_fields.keys() | {ACCOUNT}
    try:
        for name, group in placeholders(template):
            if name not in values:
                return f"{type_} has no value {name}; there are {', '.join(sorted(values))}"
            if name in event.free_texts and not group:
                return f"{name} holds people's own words, which are not sent; with a group of labels, {{{name}:reason}}, its label is"
            if group and group not in labels("en"):
                return f"there are no labels {group}; GET /v1/labels has {', '.join(labels('en'))}"
    except ValueError as error:
        return str(error)
    return None


def written(happened: Happened, template: str | None, lang: str, zone: ZoneInfo) -> str:
    """The message. Without a template, what the event is called and whom it is about."""
    if template is None:
        called = labels(lang)["event"].get(happened.type, happened.type)
        said = called if happened.account is None else f"{called}{': ' if lang == 'en' else '：'}{happened.account}"
    else:
        said = "".join(_filled(happened, template, lang, zone))
    return _short(said, LONGEST - len(happened.link.encode()) - 1) + (f"\n{happened.link}" if happened.link else "")


def _filled(happened: Happened, template: str, lang: str, zone: ZoneInfo) -> Iterator[str]:
    own_words = REGISTRY.get(happened.type, Event).free_texts
    for text, name, group, _ in Formatter().parse(template):
        yield text
        if name is None:
            continue
        value = happened.account if name == ACCOUNT else happened.data.get(name)
        known = labels(lang)[group].get(str(value)) if group else None
        yield known or (NOTHING if name in own_words else shown(value, lang, zone))


def shown(value: Any, lang: str, zone: ZoneInfo) -> str:
    """A value of an event as people read it: money with its currency, times in the company's zone."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return {"en": ("no", "yes"), "zh": ("否", "是")}[lang][value]
    if isinstance(value, Mapping) and value.keys() >= {"amount", "currency"}:
        return f"{value['currency']} {rounded(Decimal(value['amount']), value['currency']):,f}"
    if isinstance(value, Mapping | list):
        return str(len(value))
    if isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\dT", value):
        return f"{datetime.fromisoformat(value).astimezone(zone):%Y-%m-%d %H:%M}"
    return str(value)


def _short(text: str, most: int) -> str:
    """At most this many bytes, cut between characters."""
    whole = text.encode()
    return text if len(whole) <= most else whole[: most - 3].decode(errors="ignore") + "…"


def link(base: str, aggregate: str, subject: str, data: Mapping[str, Any]) -> str:
    """Where the page shows what it is about: the deal, else the lead; empty where it shows none, or nobody has said where it is."""
    for kind in ("deal", "lead"):
        if found := subject if aggregate == kind else data.get(f"{kind}_id"):
            return f"{base}/#/{kind}s/{found}" if base else ""
    return ""
