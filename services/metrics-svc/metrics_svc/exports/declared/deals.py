"""Exports about deals and their quotes."""

from metrics_svc.counting.stages import FUNNEL, REACHED
from metrics_svc.exports.declared.leads import NUMBER
from metrics_svc.exports.export import Export, Of
from metrics_svc.facts.activity import WinFact
from metrics_svc.facts.amount import AmountFact
from metrics_svc.facts.deal import DealFact
from metrics_svc.facts.goal import GoalFact
from metrics_svc.facts.outcome import OutcomeFact
from metrics_svc.facts.quiet import QuietFact
from metrics_svc.facts.quote import QuoteFact
from metrics_svc.facts.quote_approval import QuoteApprovalFact
from metrics_svc.facts.visit import VisitFact

DEAL = "The deal"
AMOUNT = "In the reporting currency, by the rate of the event that told it"
LINE = "lead: it came from a lead; direct: it did not"
COHORT = "When its lead was captured; of a direct deal, when it was opened"

DEALS = Export(
    "deals",
    version=1,
    of=DealFact,
    says="Every deal as it is now",
    day="opened_at",
    there="opened_at",
    columns={
        "id": DEAL,
        "external_id": "What another system calls it",
        "lead_id": "Its first lead",
        "account_id": "Its account",
        "line": LINE,
        "cohort_at": COHORT,
        "opened_at": "When it was opened",
        "qualified_at": "When it was qualified: at its opening if it came from a lead, else when it was first beyond discovery",
        "stage": "Its stage now; won or lost of a closed deal",
        "is_open": "Whether it is neither won nor lost",
        "probability": "Of winning it, in percent",
        "amount": AMOUNT,
        "owner_id": "Who has it now",
        "team_id": "The team that they are in",
        "qualified_owner_id": "Who had it when it was qualified",
        "qualified_team_id": "The team that they were in then",
        "flags": "What is special about it, with semicolons between",
    },
    left_out=frozenset({"history", "payments", "nets", "last_activity_at"}),
)

DEAL_AMOUNTS = Export(
    "deal_amounts",
    version=1,
    of=AmountFact,
    says="A change of a deal's amount, and when it counts at each step of the funnel that the deal reached",
    day="at",
    columns={
        "deal_id": DEAL,
        "n": NUMBER,
        "deals": "1 for the first one, which stands for the deal itself; else 0",
        "delta": f"By how much the amount changed. {AMOUNT}",
        "at": "When it changed",
        "line": LINE,
        "cohort_at": COHORT,
        **{
            f"{stage}_reached_at": Of(REACHED[stage], f"When it counts at the stage {stage}; empty if the deal was never so far")
            for stage in FUNNEL
        },
    },
)

DEAL_OUTCOMES = Export(
    "deal_outcomes",
    version=1,
    of=OutcomeFact,
    says="A deal was won, lost, reversed or reopened, or went to another owner while it was open and qualified",
    day="at",
    columns={
        "deal_id": DEAL,
        "n": NUMBER,
        "kind": "won, lost, reversed (a win), reopened (a loss), handed_on or taken_over",
        "at": "When it happened",
        "amount": f"What the deal was worth then; of a reversal, that of its win, of a reopening, that of its loss. {AMOUNT}",
        "undone_at": "When this win was reversed",
        "qualified": "Of a loss and its reopening: whether the deal was qualified",
        "cycle_seconds": Of("cycle_us", "Of a win: from the opening of the deal, in seconds"),
        "lead_cycle_seconds": Of("lead_cycle_us", "Of a win: from the capture of its lead, in seconds; below 0 if it was won before"),
    },
    left_out=frozenset({"line", "cohort_at"}),
)

DEAL_STAGES = Export(
    "deal_stages",
    version=2,
    of=VisitFact,
    says="One stay of a deal in a stage",
    day="entered_at",
    columns={
        "deal_id": DEAL,
        "n": NUMBER,
        "cycle": "How often the deal had been reopened or reversed by then",
        "stage": "The stage",
        "entered_at": "When the stay began",
        "first_in_cycle": "Whether it is the deal's first stay there in this cycle",
        "left_at": "When it ended; empty while it lasts",
        "left_to": "How it ended: advance, skip, back, lost or won",
        "passed_at": "When the deal was first beyond the stage in this cycle",
        "reopened_at": "When a loss that ended the cycle before the deal was beyond the stage was taken back",
        "stay_seconds": Of("stay_us", "How long it was, in seconds"),
        "owner_id": "Who had the deal when it came",
        "team_id": "The team that they were in then",
        "left_owner_id": "Who had it when it went",
        "left_team_id": "The team that they were in then",
    },
)

DEAL_GOALS = Export(
    "deal_goals",
    version=2,
    of=GoalFact,
    says="A deal reached a goal of the funnel, or lost it again",
    day="at",
    columns={
        "deal_id": DEAL,
        "n": NUMBER,
        "kind": "won, reversed, paid or unpaid",
        "at": "When it happened",
        "amount": f"Without tax. {AMOUNT}",
        "gross": f"Of what was paid, with tax. {AMOUNT}",
        "line": LINE,
        "cohort_at": COHORT,
    },
)

DEAL_WINS = Export(
    "deal_wins",
    version=1,
    of=WinFact,
    says="A deal that came from a lead was won, after so many contacts with its customer",
    day="at",
    columns={
        "deal_id": DEAL,
        "n": NUMBER,
        "at": "When it was won",
        "contacts": "How many contacts there had been by then",
        "undone_at": "When this win was reversed",
    },
)

QUIET_DEALS = Export(
    "quiet_deals",
    version=1,
    of=QuietFact,
    says="A time of a day or more in which an open deal was not touched",
    day="at",
    columns={
        "deal_id": DEAL,
        "n": NUMBER,
        "stage": "Its stage then",
        "since": "When it was last touched before",
        "at": "When the time began; later than `since` if the owner changed meanwhile",
        "ended_at": "When it ended; empty while it lasts",
    },
)

QUOTES = Export(
    "quotes",
    version=2,
    of=QuoteFact,
    says="A quote was sent or accepted, or its acceptance was taken back",
    day="at",
    columns={
        "deal_id": DEAL,
        "n": NUMBER,
        "kind": "sent (the deal's first), sent_again, accepted or taken_back",
        "at": "When it happened",
        "cohort_at": "When the deal was first quoted for",
        "list_total": f"At list prices. {AMOUNT}",
        "net": f"What it asks for. {AMOUNT}",
        "wait_seconds": Of("wait_us", "From the first sending to the acceptance, in seconds"),
        "skipped_gates": "Of an acceptance: the guards that the deal had not met by then, with semicolons between",
        "owner_id": "Who had the deal when it was first quoted for",
        "team_id": "The team that they were in then",
        "accepted_owner_id": "Who had it at the acceptance",
        "accepted_team_id": "The team that they were in then",
    },
)

QUOTE_APPROVALS = Export(
    "quote_approvals",
    version=1,
    of=QuoteApprovalFact,
    says="A quote that was submitted was approved or rejected, or the submission was taken back",
    day="at",
    columns={
        "deal_id": DEAL,
        "n": NUMBER,
        "quote_id": "The version of the quote",
        "kind": "auto (it needed nobody else, or an earlier approval covers it), approved or rejected by others, withdrawn",
        "tier": "Whose authority it needed: owner, manager, director or director_finance",
        "submitted_at": "When it was submitted",
        "at": "When that ended",
        "wait_seconds": Of("wait_us", "From the submission until others decided, by the calendar, in seconds"),
    },
)
