"""Makers of event streams: what lead-svc, deal-svc and contract-svc would have told."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from metrics_svc.fold import LANES
from shared.events import cadence, campaign, contract, deal, lead, signal
from shared.events import quote as of_quotes
from shared.events.envelope import Dimensions, Envelope, Event, Money
from shared.ids import external_id, new_id
from tests.harness import Running

START = datetime(2025, 1, 1, tzinfo=UTC)
STAGES = ("discovery", "proposal", "negotiation", "closing")


def on(day: float) -> datetime:
    """So many days after the start of 2025."""
    return START + timedelta(days=day)


def money(amount: Any, currency: str = "CNY") -> Money:
    return Money(amount=Decimal(str(amount)), currency=currency)


class Story:
    """The events of one aggregate, numbered."""

    def __init__(self, key: str, kind: str) -> None:
        self.id = external_id(kind, key)
        self.key = key
        self.events: list[Envelope[Any]] = []

    def tell(self, at: datetime, event: Event) -> None:
        self.events.append(Envelope(new_id(), event.type, self.id, len(self.events) + 1, at, event))


class Lead(Story):
    def __init__(self, key: str) -> None:
        super().__init__(key, "lead")

    def captured(self, at: datetime, **who: Any) -> "Lead":
        self.tell(at, lead.LeadCaptured(external_id=self.key, imported=True, **who))
        return self

    def mql(self, at: datetime) -> "Lead":
        self.tell(at, lead.LeadMqlReached(how="manual"))
        return self

    def sql(self, at: datetime) -> "Lead":
        self.tell(at, lead.LeadQualified(bant_score=80))
        return self

    def assigned(self, at: datetime, owner_id: UUID | None, team_id: UUID | None) -> "Lead":
        self.tell(at, lead.LeadAssigned(owner_id=owner_id, team_id=team_id))
        return self

    def set_right(self, at: datetime, was: tuple[datetime, str], now: tuple[datetime, str] | None, by: "Lead | None" = None) -> "Lead":
        """A contact of this lead, as it was told (at, kind), is right like this, or was none. `by`: the lead that it was merged into."""
        of: Any = {"interaction_id": new_id(), "logged_for": self.id, "was": lead.LoggedAs(at=was[0], kind=was[1], direction="outbound")}
        told: Event = lead.LeadInteractionRemoved(**of)
        if now is not None:
            right = lead.LoggedAs(at=now[0], kind=now[1], direction="outbound")
            told = lead.LeadInteractionCorrected(**of, now=right, outcome="reached", changed=["at"])
        (by or self).tell(at, told)
        return self

    def contacted(self, at: datetime, kind: str = "call", direction: str = "outbound", **who: Any) -> "Lead":
        told = lead.LeadInteractionLogged(interaction_id=new_id(), kind=kind, direction=direction, outcome="reached", **who)
        self.tell(at, told)
        return self

    def updated(self, at: datetime, captured_at: datetime | None = None, **who: Any) -> "Lead":
        self.tell(at, lead.LeadUpdated(changed=["source"], captured_at=captured_at, **who))
        return self

    def merged(self, at: datetime, other: "Lead", captured_at: datetime, **who: Any) -> "Lead":
        """Takes over another lead."""
        merge = {"merge_id": new_id(), "survivor_id": self.id}
        other.tell(at, lead.LeadAbsorbed(**merge, from_state="captured"))
        self.tell(at, lead.LeadMerged(**merge, absorbed=[other.id], captured_at=captured_at, **who))
        return self

    def unmerged(self, at: datetime, other: "Lead", captured_at: datetime, **who: Any) -> "Lead":
        merge = {"merge_id": new_id(), "survivor_id": self.id}
        other.tell(at, lead.LeadRestored(**merge, to_state="captured"))
        self.tell(at, lead.LeadUnmerged(**merge, absorbed=[other.id], captured_at=captured_at, **who))
        return self


class Spend(Story):
    """Money spent on a campaign."""

    def __init__(self, key: str, **placed: Any) -> None:
        super().__init__(key, "campaign_spend")
        self.said = {**placed, "campaign_id": external_id("campaign", placed["campaign"])}
        self.last: Any = None

    def spent(self, amount: Any, first: date, last: date, currency: str = "CNY", fx: Any = 1) -> "Spend":
        self.said |= {"starts_on": first, "ends_on": last, "fx": Decimal(str(fx))}
        self.last = money(amount, currency)
        self.tell(on(60), campaign.CampaignSpendRecorded(amount=self.last, **self.said))
        return self

    def corrected(self, amount: Any) -> "Spend":
        before, self.last = self.last, money(amount, self.last.currency)
        self.tell(on(70), campaign.CampaignSpendCorrected(amount=self.last, previous=before, reason="the bill", **self.said))
        return self


class Touch(Story):
    """A signal of a lead that says what brought it to us."""

    def __init__(self, key: str, of: Lead, at: datetime, **said: Any) -> None:
        super().__init__(key, "signal")
        named = {"lead_id": of.id, "signal_id": self.id, "kind": "visit"}
        self.tell(at, signal.LeadSignalRecorded(**named))
        self.tell(at, signal.LeadTouched(**named, **said))


class FollowUp(Story):
    """A follow-up of a lead."""

    def __init__(self, key: str, of: Lead, grade: str = "B", **who: Any) -> None:
        super().__init__(key, "lead_task")
        self.of, self.data = of, {"lead_id": of.id, "kind": "follow_up", "grade": grade, **who}

    def _told(self, at: datetime, event: type[lead.LeadTaskEvent], **who: Any) -> "FollowUp":
        self.data |= who
        self.tell(at, event(**self.data))
        return self

    def set(self, at: datetime, due_at: datetime, **who: Any) -> "FollowUp":
        return self._told(at, lead.LeadTaskSet, due_at=due_at, **who)

    def due(self, **who: Any) -> "FollowUp":
        return self._told(self.data["due_at"], lead.LeadTaskDue, **who)

    def done(self, at: datetime, **who: Any) -> "FollowUp":
        return self._told(at, lead.LeadTaskDone, **who)

    def dropped(self, at: datetime, **who: Any) -> "FollowUp":
        return self._told(at, lead.LeadTaskDropped, **who)


class Response(Story):
    """The first response to a lead that was given to somebody."""

    def __init__(self, key: str, of: Lead, grade: str = "B", **who: Any) -> None:
        super().__init__(key, "lead_deadline")
        self.of, self.data = of, {"lead_id": of.id, "deadline": "first_response", "grade": grade, **who}

    def started(self, at: datetime, due_at: datetime) -> "Response":
        self.data["due_at"] = due_at
        self.tell(at, cadence.LeadDeadlineStarted(started_at=at, **self.data))
        return self

    def missed(self) -> "Response":
        self.tell(self.data["due_at"], cadence.LeadFirstResponseMissed(**self.data))
        return self

    def stopped(self, at: datetime) -> "Response":
        self.tell(at, cadence.LeadDeadlineStopped(**self.data))
        return self

    def given(self, at: datetime, minutes: int, **who: Any) -> "Response":
        said = {**self.data, "met_at": at, "in_time": at < self.data["due_at"], "minutes": minutes, **who}
        self.tell(at, cadence.LeadFirstResponded(**said))
        return self


class Deal(Story):
    """Amounts are in `currency`, whose rate is `fx`."""

    def __init__(self, key: str, of: Lead | None = None, *, currency: str = "CNY", fx: Any = 1, **who: Any) -> None:
        super().__init__(key, "deal")
        self.lead_id = of.id if of else None
        self.currency, self.fx, self.who = currency, Decimal(str(fx)), who
        self.cycle, self.stage, self.amount = 1, "discovery", Decimal(0)
        self.opened_at = START

    def _value(self, amount: Any) -> dict[str, Any]:
        if amount is not None:
            self.amount = Decimal(str(amount))
        return {"amount": money(self.amount, self.currency), "fx": self.fx, **self.who}

    def opened(self, at: datetime, amount: Any = 0, stage: str = "discovery", **more: Any) -> "Deal":
        self.opened_at, self.stage = at, stage
        self.tell(at, deal.DealOpened(lead_id=self.lead_id, external_id=self.key, stage=stage, **more, **self._value(amount)))
        return self

    def moved(self, at: datetime, to: str, amount: Any = None) -> "Deal":
        steps = STAGES.index(to) - STAGES.index(self.stage)
        direction = "back" if steps < 0 else "advance" if steps == 1 else "skip"
        told = deal.DealStageChanged(
            from_stage=self.stage,
            to_stage=to,
            direction=direction,  # type: ignore[arg-type]
            cycle=self.cycle,
            seconds_in_stage=0,
            probability=50,
            **self._value(amount),
        )
        self.tell(at, told)
        self.stage = to
        return self

    def updated(self, at: datetime, amount: Any) -> "Deal":
        self.tell(at, deal.DealUpdated(changed=["amount"], **self._value(amount)))
        return self

    def now_of(self, at: datetime, survivor: Lead) -> "Deal":
        """Its lead was merged into another one before the deal was known."""
        self.tell(at, deal.DealUpdated(changed=["lead_id"], lead_id=survivor.id, **self._value(None)))
        return self

    def _end(self) -> dict[str, Any]:
        return {"from_stage": self.stage, "cycle": self.cycle, "opened_at": self.opened_at, "seconds_in_stage": 0}

    def handed(self, at: datetime, owner_id: UUID | None, team_id: UUID | None = None) -> "Deal":
        """To another owner, open or closed."""
        self.who = {**self.who, "owner_id": owner_id, "team_id": team_id}
        self.tell(at, deal.DealUpdated(changed=["owner_id", "team_id"], **self._value(None)))
        return self

    def won(self, at: datetime, amount: Any = None) -> "Deal":
        self.tell(at, deal.DealWon(lead_id=self.lead_id, **self._end(), **self._value(amount)))
        return self

    def lost(self, at: datetime) -> "Deal":
        self.tell(at, deal.DealLost(reason="price", **self._end(), **self._value(None)))
        return self

    def reopened(self, at: datetime, stage: str = "discovery") -> "Deal":
        self.cycle, self.stage = self.cycle + 1, stage
        self.tell(at, deal.DealReopened(stage=stage, cycle=self.cycle, reason="again", probability=20, **self.who))
        return self

    def reversed(self, at: datetime) -> "Deal":
        self.stage = "closing"
        told = deal.DealWinReversed(reason="voided", stage="closing", cycle=self.cycle, probability=90, **self._value(None))
        self.tell(at, told)
        return self

    def corrected(self, at: datetime, lead: Lead, *, opened: datetime, lost: datetime) -> "Deal":
        """An import told its history again: of another lead, and lost in discovery."""
        self.lead_id, self.opened_at, self.stage = lead.id, opened, "discovery"
        told = deal.DealHistoryCorrected(
            lead_id=lead.id,
            external_id=self.key,
            opened_at=opened,
            visits=[deal.StageVisit(stage="discovery", entered_at=opened, probability=20)],
            outcome="lost",
            closed_at=lost,
            stage="lost",
            **self._value(None),
        )
        self.tell(at, told)
        return self


class Contract(Story):
    """`net` is what its events say of it; without one they are of an earlier release, and `quote` says it."""

    def __init__(self, key: str, of: Deal, total: Any, net: Any = None, quote: "Quote | None" = None) -> None:
        super().__init__(key, "contract")
        self.of = of
        self.data: dict[str, Any] = {
            "deal_id": of.id,
            "quote_id": quote.id if quote else new_id(),
            "net": None if net is None else money(net),
            "number": key,
            "revision": 1,
            "total": money(total),
            "fx": Decimal(1),
            **of.who,
        }

    def drafted(self, at: datetime) -> "Contract":
        self.tell(at, contract.ContractDrafted(milestones=[], **self.data))
        return self

    def handed(self, at: datetime, owner_id: UUID | None, team_id: UUID | None = None) -> "Contract":
        self.data |= {"owner_id": owner_id, "team_id": team_id}
        self.tell(at, contract.ContractChanged(changed=["owner_id", "team_id"], **self.data))
        return self

    def paid(self, at: datetime, amount: Any = None) -> "Contract":
        """In full; `amount` is what came in where a rest was waived, None as an earlier release told it."""
        self.tell(at, contract.ContractPaidInFull(paid_at=at, paid=None if amount is None else money(amount), **self.data))
        return self

    def unpaid(self, at: datetime) -> "Contract":
        self.tell(at, contract.ContractPaymentReopened(**self.data))
        return self


def _part(of: Contract | None) -> dict[str, Any]:
    """What the events of a contract's milestone or payment say of it, as it is now; without it, of one that nothing else is told of."""
    if of is None:
        return {"contract_id": new_id(), "deal_id": new_id(), "fx": Decimal(1)}
    told = {name: of.data[name] for name in ("deal_id", "fx", *Dimensions.model_fields) if name in of.data}
    return {"contract_id": of.id, **told}


class Milestone(Story):
    def __init__(self, key: str, amount: Any, of: Contract | None = None) -> None:
        super().__init__(key, "milestone")
        self.data = {**_part(of), "position": 1, "amount": money(amount)}
        self.due_at = START

    def due(self, at: datetime, day: date | None = None, told_at: datetime | None = None) -> "Milestone":
        """`day` is what events of this release name; without it, it is one of an earlier release."""
        self.due_at = at
        self.tell(told_at or at, contract.MilestoneTriggered(due_at=at, due_day=day, **self.data))
        return self

    def waived(self, at: datetime) -> "Milestone":
        self.tell(at, contract.MilestoneWaived(reason="goodwill", **self.data))
        return self


class Payment(Story):
    def __init__(self, key: str, amount: Any, of: Contract | None = None) -> None:
        super().__init__(key, "payment")
        self.data = {**_part(of), "amount": money(amount), "credit": Decimal(0)}

    def received(self, at: datetime, signed: datetime, of: Milestone, due: datetime, day: date | None = None) -> "Payment":
        amount = self.data["amount"].amount  # type: ignore[union-attr]
        self.allocations = [contract.Allocation(milestone_id=of.id, position=1, amount=amount, due_at=due, due_day=day)]
        told = contract.PaymentReceived(received_at=at, signed_at=signed, channel="wire", allocations=self.allocations, **self.data)
        self.tell(at, told)
        return self

    def reversed(self, at: datetime) -> "Payment":
        self.tell(at, contract.PaymentReversed(reversed_at=at, reason="bounced", allocations=self.allocations, **self.data))
        return self


class Quote(Story):
    """A version of a quote of a deal, at so much off the list price."""

    def __init__(self, key: str, of: Deal, *, list_total: Any = 100, net: Any = 90, tax: Any = 0, **who: Any) -> None:
        super().__init__(key, "quote")
        total = {"list_total": money(list_total), "net": money(net), "tax": money(tax), "total": money(net + tax)}
        total["discount_percent"] = Decimal(0)
        self.said = {**total, "deal_id": of.id, "number": key, "revision": 1, "fx": Decimal(1), "valid_until": date(2025, 12, 31), **who}

    def sent(self, at: datetime) -> "Quote":
        self.tell(at, of_quotes.QuoteCreated(**self.said))
        self.tell(at, of_quotes.QuoteSent(**self.said))
        return self

    def accepted(self, at: datetime, **more: Any) -> "Quote":
        self.tell(at, of_quotes.QuoteAccepted(**self.said | more, account_name="Customer", lines=[], schedule=[]))
        return self

    def withdrawn(self, at: datetime) -> "Quote":
        self.tell(at, of_quotes.QuoteWithdrawn(**self.said, reason="a better one"))
        return self

    def _decided_on(self, tier: str, since: datetime) -> dict[str, Any]:
        return {**self.said, "tier": tier, "content_hash": self.key, "submitted_at": since}

    def approved(self, at: datetime, tier: str, since: datetime | None = None) -> "Quote":
        """By itself where nobody had been asked since some time."""
        self.tell(at, of_quotes.QuoteApproved(**self._decided_on(tier, since or at), auto=since is None))
        return self

    def sent_back(self, at: datetime, tier: str, since: datetime) -> "Quote":
        self.tell(at, of_quotes.QuoteSubmissionRejected(**self._decided_on(tier, since), reason="too cheap"))
        return self

    def taken_back(self, at: datetime, tier: str, since: datetime) -> "Quote":
        self.tell(at, of_quotes.QuoteSubmissionWithdrawn(**self._decided_on(tier, since)))
        return self


class Timed(Story):
    """A deadline of a contract."""

    def __init__(self, key: str, of: Contract, name: str = "acceptance", **who: Any) -> None:
        super().__init__(key, "contract_deadline")
        self.data = {**of.data, "contract_id": of.id, "deadline": name, **who}

    def _about(self, due_at: datetime) -> dict[str, Any]:
        self.due_at = due_at
        return {**self.data, "due_at": due_at}

    def started(self, at: datetime, due_at: datetime, why: Any = "started") -> "Timed":
        self.tell(at, contract.ContractDeadlineStarted(why=why, started_at=at, **self._about(due_at)))
        return self

    def missed(self, **who: Any) -> "Timed":
        told = contract.ContractAcceptanceOverdue if self.data["deadline"] == "acceptance" else contract.ContractDeadlineMissed
        self.tell(self.due_at, told(**self._about(self.due_at) | who))
        return self

    def met(self, at: datetime, **who: Any) -> "Timed":
        in_time = at < self.due_at
        self.tell(at, contract.ContractDeadlineMet(met_at=at, in_time=in_time, **self._about(self.due_at) | who))
        return self

    def paused(self, at: datetime) -> "Timed":
        self.tell(at, contract.ContractDeadlinePaused(**self._about(self.due_at)))
        return self

    def stopped(self, at: datetime) -> "Timed":
        self.tell(at, contract.ContractDeadlineStopped(**self._about(self.due_at)))
        return self


def events_of(stories: Iterable[Story]) -> list[Envelope[Any]]:
    return [e for story in stories for e in story.events]


async def hear(svc: Running, events: Sequence[Envelope[Any]], batch: int = 500) -> None:
    """Fold them in this order in each lane, so many in one transaction."""
    for start in range(0, len(events), batch):
        for lane in LANES.values():
            async with svc.transaction() as tx:
                await lane.fold(tx, events[start : start + batch])


async def get(svc: Running, path: str, role: str = "admin", subject: str = "", **asked: Any) -> Any:
    async with svc.client(role, subject) as client:
        answer = await client.get(f"/v1/metrics/{path}", params={n.rstrip("_"): v for n, v in asked.items()})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def kpi(svc: Running, name: str, **asked: Any) -> Any:
    return (await get(svc, f"kpis/{name}", **asked))["total"]


async def records(svc: Running, link: str) -> list[Any]:
    """All pages behind a link that a figure gave."""
    found: list[Any] = []
    async with svc.client() as client:
        cursor: str | None = None
        while True:
            answer = await client.get(f"{link}{'&' if '?' in link else '?'}limit=7" + (f"&cursor={cursor}" if cursor else ""))
            assert answer.status_code == 200, answer.text
            found += answer.json()["items"]
            cursor = answer.json()["next_cursor"]
            if cursor is None:
                return found


def folds(events: Iterable[Envelope[Any]]) -> int:
    """How often these are folded: an event once by each lane that hears it."""
    return sum(e.type in lane.fold.types for e in events for lane in LANES.values())


def person(subject: str) -> UUID:
    return external_id("person", subject)


def reached(line: Any) -> dict[str, int]:
    """How many came to each step of a funnel's line."""
    return {step["step"]: step["n"] for step in line["steps"]}
