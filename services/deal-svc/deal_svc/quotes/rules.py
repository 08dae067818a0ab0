"""Who may do what with a quote, when, and which version the customer can still accept. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from deal_svc.deals.pipeline import OPEN_STAGES, Stage
from deal_svc.deals.record import Deal
from deal_svc.deals.rules import CLOSED, DEAL, NOT_MANAGER, NOT_OWNER, RESPONSIBLE
from deal_svc.policy import DiscountAuthority
from deal_svc.quotes.acceptance import is_early, turn_unmet
from deal_svc.quotes.deciders import Candidate
from deal_svc.quotes.pricing import counted, due_amounts, lines_of
from deal_svc.quotes.record import Quote, QuoteStatus
from deal_svc.quotes.tiers import ApprovalStep, asked_of, in_words
from shared.acts import Act, Subject, who
from shared.approvals.record import Request
from shared.auth.actor import LEADERS, Actor
from shared.backdating import backdate
from shared.errors import Unmet
from shared.events import quote as events

DRAFT, SENT, ACCEPTED, EXPIRED = QuoteStatus.DRAFT, QuoteStatus.SENT, QuoteStatus.ACCEPTED, QuoteStatus.EXPIRED
PENDING, APPROVED = QuoteStatus.PENDING_APPROVAL, QuoteStatus.APPROVED
OPEN = (DRAFT, PENDING, APPROVED, SENT)

ENDED = Unmet("quote_not_open", "This version is no longer open.")
NOTHING_TO_ANSWER = Unmet("link_too_early", "The deal is not in negotiation yet; give the customer the document until then.")
NEEDS_APPROVAL = "needs_approval"


@dataclass(frozen=True, slots=True)
class QuoteFacts:
    """What decides besides the quote itself.

    `contract_fell`: it has had a contract, and none stands. `outdated` are the SKUs whose price was replaced for the day of a draft,
    `newer` those that today's price lists price otherwise, `overridden` those whose tax is not the product's. `authority` says up to how
    many percent off whose approval it needs, `before` is an approved version before it, and `request` what was asked for last. `roster`
    are those who may be asked about a draft, and `deep` is what only a submission finds out (`costing.is_deep`).
    """

    deal: Deal
    today: date
    revised: bool = False
    rival_accepted: bool = False
    contract_fell: bool = False
    outdated: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()
    before: Quote | None = None
    request: Request | None = None
    newer: tuple[str, ...] = ()
    authority: DiscountAuthority = field(default_factory=DiscountAuthority)
    roster: Sequence[Candidate] = ()
    deep: bool = False

    def asked(self, quote: Quote) -> tuple[ApprovalStep, ...]:
        """Whose approval a draft needs."""
        return asked_of(quote, self.overridden, self.before, self.authority, deep=self.deep)


def _owner(_: Quote, facts: QuoteFacts) -> UUID | None:
    return facts.deal.owner_id


QUOTE = Subject(
    name="quote",
    label="quote",
    states=QuoteStatus,
    state=lambda quote: quote.status,
    owner=_owner,
    not_owner=NOT_OWNER,
    wrong_state=lambda *_: ENDED,
)

# -- Guards ------------------------------------------------------------------------------------------------------------------


def _open_deal(_: Quote, facts: QuoteFacts, _by: Actor) -> list[Unmet]:
    return [] if facts.deal.is_open else [CLOSED]


def to_submit(quote: Quote, facts: QuoteFacts, by: Actor) -> Iterator[Unmet]:
    """What is asked of a quote before anybody sees it."""
    yield from _open_deal(quote, facts, by)
    lines = counted(lines_of(quote))
    if not lines:
        yield Unmet("no_lines", "The quote has no lines that count.")
    if due_amounts(quote.schedule, quote.total, quote.currency) is None:
        yield Unmet("schedule_incomplete", "The payment schedule must add up to the total: 100 percent, or its amount.")
    earliest = facts.today + timedelta(days=max((x.lead_days for x in lines), default=0))
    if quote.delivery_on is not None and quote.delivery_on < earliest:
        yield Unmet("delivery_too_early", f"The products can be delivered from {earliest}; move delivery_on.")
    if quote.valid_until < facts.today:
        yield Unmet("validity_past", "The quote would not be valid any more; move valid_until.")
    if facts.outdated:
        says = f"The price of {', '.join(facts.outdated)} on the day of the quote was replaced; set the lines again."
        yield Unmet("price_outdated", says)


def _to_send(quote: Quote, facts: QuoteFacts, by: Actor) -> Iterator[Unmet]:
    """A draft that needs nobody's approval is submitted with it."""
    yield from to_submit(quote, facts, by)
    if quote.status is DRAFT and (steps := facts.asked(quote)):
        yield needs_approval(in_words(steps))
    if quote.status is PENDING:
        yield Unmet(NEEDS_APPROVAL, "The quote is submitted, and not approved yet.")


def needs_approval(by: str) -> Unmet:
    return Unmet(NEEDS_APPROVAL, f"The quote needs approval by {by}; submit it.")


def _to_accept(quote: Quote, facts: QuoteFacts, by: Actor) -> Iterator[Unmet]:
    """The day of the customer's yes decides, so that a yes in time can be recorded later."""
    yield from _open_deal(quote, facts, by)
    yield from turn_unmet(facts.deal, by)
    if quote.status in (SENT, EXPIRED) and facts.today > quote.valid_until:
        yield Unmet("quote_expired", f"The quote was valid until {quote.valid_until}.")
    if facts.rival_accepted:
        yield Unmet("other_accepted", "Another quote of the deal is accepted; a manager can withdraw it.")


def _to_link(_: Quote, facts: QuoteFacts, _by: Actor) -> list[Unmet]:
    """A deal that is won has a customer still, a lost one has none. Before negotiation there is nothing to answer yet."""
    if facts.deal.stage is Stage.LOST:
        return [CLOSED]
    return [NOTHING_TO_ANSWER] if is_early(facts.deal) else []


def _to_withdraw(quote: Quote, facts: QuoteFacts, by: Actor) -> Iterator[Unmet]:
    """An accepted quote has a contract in preparation, so taking it back is a manager's decision."""
    yield from _open_deal(quote, facts, by)
    if quote.status is ACCEPTED and not by.has(*LEADERS):
        yield NOT_MANAGER


NOT_REVISABLE = Unmet(
    "not_revisable", "A draft is changed, a submission taken back; an accepted quote is withdrawn, or revised once its contract has fallen."
)


def _to_revise(quote: Quote, facts: QuoteFacts, by: Actor) -> Iterator[Unmet]:
    yield from _open_deal(quote, facts, by)
    if quote.status is ACCEPTED and facts.deal.is_open and not facts.contract_fell:
        yield NOT_REVISABLE
    if facts.revised:
        yield Unmet("newer_version", "There is a newer version; revise that one.")


# -- Acts --------------------------------------------------------------------------------------------------------------------

QUOTE_DEAL: Act[Deal, None] = Act(
    of=DEAL,
    name="quote",
    operation="create_quote",
    who=RESPONSIBLE,
    states=OPEN_STAGES,
    refused="The deal cannot be quoted for.",
    code="deal_not_quotable",
    tells=(events.QuoteCreated,),
    says="Drafts a quote in the deal's or another currency, at the price book of the day.",
    asks="Products that are sold, with a price in this currency.",
    sample=lambda deal, _: {"deal_id": str(deal.id)},
)
CREATE: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="create",
    operation="create_quote",
    who=RESPONSIBLE,
    makes=True,
    to=(DRAFT,),
    tells=(events.QuoteCreated,),
    says="Drafts a quote for an open deal, or the next version of a quote.",
)
CHANGE: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="change",
    operation="update_quote",
    who=RESPONSIBLE,
    states=(DRAFT,),
    needs=_open_deal,
    refused="The quote cannot be changed.",
    code="quote_not_changeable",
    wrong_state=Unmet("not_draft", "Only a draft can be changed; take back a submission, or revise the quote for a new version."),
    tells=(events.QuoteChanged,),
    says="Changes a draft; lines take their prices from the price book of the day.",
    asks="An open deal.",
    sample=lambda *_: {"note": "As agreed on the phone"},
)
SEND: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="send",
    operation="send_quote",
    who=RESPONSIBLE,
    states=(DRAFT, APPROVED),
    to=(SENT,),
    needs=_to_send,
    refused="The quote cannot be sent.",
    code="quote_not_sendable",
    wrong_state=Unmet("not_sendable", "Only a draft or an approved quote can be sent; revise the quote for a new version."),
    tells=(events.QuoteSent,),
    says="The quote goes to the customer; an earlier version that they had is superseded. A draft that needs nobody is submitted with it.",
    asks="What submitting asks, a validity that is not over, and the approval that its discounts and prices need.",
)
ACCEPT: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="accept",
    operation="accept_quote",
    who=RESPONSIBLE,
    states=(SENT, EXPIRED),
    to=(ACCEPTED,),
    needs=_to_accept,
    refused="The quote cannot be accepted.",
    code="quote_not_acceptable",
    wrong_state=Unmet("not_sent", "Only a quote that was sent, and not answered or replaced, can be accepted."),
    tells=(events.QuoteAccepted,),
    says="The customer said yes: the deal takes the net total as its amount, and the contract is drafted.",
    asks="A yes within the validity, no other accepted quote of the deal, and a deal in negotiation; before that a manager, with a reason.",
    sample=lambda *_: {"reason": "The customer ordered by phone"},
)
REJECT: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="reject",
    operation="reject_quote",
    who=RESPONSIBLE,
    states=(SENT,),
    to=(QuoteStatus.REJECTED,),
    needs=_open_deal,
    refused="The quote cannot be rejected.",
    code="quote_not_open",
    tells=(events.QuoteRejected,),
    says="The customer said no.",
    asks="A reason.",
    sample=lambda *_: {"reason": "Too dear"},
)
WITHDRAW: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="withdraw",
    operation="withdraw_quote",
    who=RESPONSIBLE,
    states=(*OPEN, ACCEPTED),
    to=(QuoteStatus.WITHDRAWN,),
    needs=_to_withdraw,
    refused="The quote cannot be withdrawn.",
    code="quote_not_withdrawable",
    tells=(events.QuoteWithdrawn,),
    says="We take the quote back.",
    asks="A reason; a manager for an accepted quote.",
    sample=lambda *_: {"reason": "Wrong product"},
)
REVISE: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="revise",
    operation="revise_quote",
    who=RESPONSIBLE,
    states=tuple(status for status in QuoteStatus if status not in (DRAFT, PENDING)),
    needs=_to_revise,
    refused="There can be no new version.",
    code="quote_not_revisable",
    wrong_state=NOT_REVISABLE,
    tells=(events.QuoteCreated,),
    says="Drafts the next version under the same number; this one stands until that one is sent.",
    asks="The newest version; of an accepted quote, that its contract was voided, or terminated before it began.",
)
LINK: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="link",
    operation="create_quote_link",
    who=RESPONSIBLE,
    states=(SENT, ACCEPTED),
    needs=_to_link,
    refused="There can be no link.",
    code="quote_not_linkable",
    wrong_state=Unmet("not_with_customer", "Only a quote that the customer has, and that still stands, can be linked."),
    tells=(events.QuoteLinked,),
    says="Makes an address by which the customer reads the quote and answers it, without an account.",
    asks="A deal in negotiation or later that is not lost.",
)
REVOKE_LINKS: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="revoke_links",
    operation="revoke_quote_links",
    who=RESPONSIBLE,
    refused="The links cannot be revoked.",
    code="links_not_revocable",
    tells=(events.QuoteLinksRevoked,),
    says="Ends all links of the quote.",
)
VIEW: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="view",
    operation=None,
    who=who(),
    states=(SENT, ACCEPTED),
    tells=(events.QuoteViewed,),
    says="The customer looked at the quote by their link.",
)
EXPIRE: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="expire",
    operation=None,
    who=who(),
    states=(SENT,),
    to=(EXPIRED,),
    tells=(events.QuoteExpired,),
    says="The validity ended without an answer.",
)
SUPERSEDE: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="supersede",
    operation=None,
    who=who(),
    states=(APPROVED, SENT, ACCEPTED),
    to=(QuoteStatus.SUPERSEDED,),
    tells=(events.QuoteSuperseded,),
    says="A newer version was sent.",
)
EXTEND: Act[Quote, QuoteFacts] = Act(
    of=QUOTE,
    name="extend",
    operation=None,
    who=who(),
    states=(SENT,),
    tells=(events.QuoteChanged,),
    says="A new version of the policy, which what runs moves to, gives a quote that is out more days.",
)
BACKDATE = backdate(QUOTE)
