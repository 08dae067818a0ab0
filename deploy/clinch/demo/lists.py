"""What came in lists: the leads and deals that are imported, as CSV with the times of their own history."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from clinch.demo.calls import Advance, Calls, Hand, answer_of
from clinch.demo.story import Deal, Lead
from clinch.errors import CommandError

Row = Mapping[str, Any]


def lead_row(lead: Lead) -> Row:
    return {
        "external_id": lead.key,
        "captured_at": lead.captured_at.isoformat(),
        "source": lead.source.name,
        "medium": lead.source.medium,
        "campaign": lead.campaign,
        **lead.prospect.fields,
        "product": lead.line.name,
        "owner": lead.owner or "",
        "mql_at": _time(lead.mql_at),
        "qualified_at": _time(lead.qualified_at),
        "disqualified_at": _time(lead.dropped and lead.dropped.at),
        "disqualified_reason": lead.dropped.reason if lead.dropped else "",
    }


def deal_row(lead: Lead, deal: Deal) -> Row:
    closed_at = deal.won_at or (deal.lost.at if deal.lost else None)
    return {
        "external_id": f"{lead.key}-deal",
        "lead_external_id": lead.key,
        "name": deal.name,
        "account_external_id": f"{lead.key}-account",
        "account": lead.prospect.company,
        "owner": deal.owner,
        "source": lead.source.name,
        "product": deal.line.name,
        "region": lead.prospect.region.name,
        "amount": deal.amount,
        "currency": deal.currency,
        "expected_close_on": deal.expected_close_on.isoformat(),
        "opened_at": _time(deal.opened_at),
        "proposal_at": _time(deal.proposal_at),
        "negotiation_at": _time(deal.negotiation_at),
        "closing_at": _time(deal.closing_at),
        "outcome": deal.stage if closed_at else "open",
        "closed_at": _time(closed_at),
        "lost_reason": deal.lost.reason if deal.lost else "",
        "competitor": (deal.lost.competitor or "") if deal.lost else "",
    }


def _time(at: Any) -> str:
    return at.isoformat() if at else ""


async def bring_in(calls: Calls, things: str, rows: Iterable[Row], *, by: str, key: str, advance: Advance) -> None:
    """Import the rows and wait until that is done. A row that is refused is an error: the lists are ours."""
    listed = list(rows)
    if not listed:
        return
    path = f"/v1/imports/{things}"
    text = io.StringIO()
    writer = csv.DictWriter(text, list(listed[0]))
    writer.writeheader()
    writer.writerows(listed)
    sent = await calls.send("POST", path, by=by, key=f"{key}/{things}", content=text.getvalue().encode(), params={"time_zone": "UTC"})
    seen = 0

    def read(job: Any) -> Any:
        nonlocal seen
        advance(job["rows"] - seen)
        seen = job["rows"]
        return job if job["state"] not in ("queued", "reading", "running") else None

    job = await Hand(calls, key).until(by, f"{path}/{answer_of(sent, by)['id']}", read)
    if job["state"] != "done" or job["refused"]:
        problems = await calls.send("GET", f"{path}/{job['id']}/problems.csv", by=by)
        first = problems.text.partition("\n")[2].partition("\n")[0]
        raise CommandError(f"The import of {things} is {job['state']} and refused {job['refused']} rows; first: {job['error'] or first}")
