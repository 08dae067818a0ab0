"""The events that the benchmarks of consumers read: a month of a busy team, as the relay would have published it."""

from typing import Any

from shared.events.envelope import headers, topic
from shared.log.bus import Message
from tests.metrics.told import Deal, Lead, Story, events_of, on, person

_SOURCES = ("trade_show", "seo", "partner_referral", "cold_outreach")


def messages_of(events: int, name: str) -> list[Message]:
    """So many, in the order in which they happened. Another name means other leads and deals."""
    told = sorted(events_of(_stories(events, name)), key=lambda e: e.time)
    return [
        Message(
            topic(e.data.aggregate),
            str(e.subject),
            e.data.model_dump_json().encode(),
            headers(id=e.id, type=e.type, subject=e.subject, version=e.version, time=e.time, traceparent=None),
        )
        for e in told
    ]


def _stories(events: int, name: str) -> list[Story]:
    """Three leads make ten events, for one of the three becomes a deal that is won or lost."""
    stories: list[Story] = []
    for n in range(events * 3 // 10):
        day = n % 15
        who: dict[str, Any] = {"owner_id": person(f"rep-{n % 20}"), "source": _SOURCES[n % 4], "region": f"region-{n % 5}"}
        lead = Lead(f"{name}-{n}").captured(on(day), **who)
        stories.append(lead)
        if n % 3 == 0:
            lead.mql(on(day)).sql(on(day + 1))
            deal = Deal(f"{name}-{n}", lead, **who).opened(on(day + 1), 1_000 + n % 50).moved(on(day + 4), "proposal")
            deal.moved(on(day + 8), "negotiation").moved(on(day + 12), "closing")
            stories.append(deal.won(on(day + 15)) if n % 2 else deal.lost(on(day + 15)))
    return stories
