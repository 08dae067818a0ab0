"""Exports about leads, and what was spent to get them."""

from metrics_svc.counting.stages import FUNNEL, REACHED
from metrics_svc.exports.export import Export, Of
from metrics_svc.facts.interaction import InteractionFact
from metrics_svc.facts.lead import LeadFact
from metrics_svc.facts.lead_goal import LeadGoalFact
from metrics_svc.facts.prompt import PromptFact
from metrics_svc.facts.spend import SpendFact
from metrics_svc.facts.touch import TouchFact

LEAD = "The lead"
NUMBER = "Its number among those of the same record, from 0"

LEADS = Export(
    "leads",
    version=1,
    of=LeadFact,
    says="Every lead that was captured, with when it first reached each step of the funnel",
    day="captured_at",
    there="captured_at",
    columns={
        "id": LEAD,
        "external_id": "What another system calls it",
        "account_id": "Its account",
        "deal_id": "The deal that it was converted to, or joined",
        "captured_at": "When it was captured: the day of its cohort",
        "mql_reached_at": Of("f2_at", "When it first was an MQL or further"),
        "sql_reached_at": Of("f3_at", "When it first was an SQL or further"),
        "deal_reached_at": Of("f4_at", "When its deal was opened, or it was further"),
        **{f"{stage}_reached_at": Of(REACHED[stage], f"When its deal was first in the stage {stage} or further") for stage in FUNNEL},
        "first_mql_at": "When it was first an MQL itself; empty if it became an SQL without",
        "sql_at": "When it became an SQL, as was told",
        "converted_at": "When it was converted",
        "to_deal_at": "When it was converted, or the first deal was opened that has it as its first lead",
        "assist_at": "When it helped a deal that another lead had brought",
        "opened_at": "When the first deal was opened that has it as its first lead",
        "owner_id": "Who had it when it was captured",
        "team_id": "The team that they were in then",
        "mql_owner_id": "Who had it when it became an MQL",
        "mql_team_id": "The team that they were in then",
        "sql_owner_id": "Who had it when it became an SQL",
        "sql_team_id": "The team that they were in then",
        "now_owner_id": "Who has it now",
        "now_team_id": "The team that they are in",
        "flags": "What is special about it, with semicolons between",
    },
    left_out=frozenset({"was_captured_at", "mql_at", "joined_at"}),
)

LEAD_GOALS = Export(
    "lead_goals",
    version=1,
    of=LeadGoalFact,
    says="A lead's deal was won or paid, or is no longer",
    day="at",
    columns={
        "lead_id": LEAD,
        "n": NUMBER,
        "kind": "won, reversed, paid or unpaid",
        "at": "When it happened",
        "cohort_at": "When the lead was captured",
    },
)

LEAD_TOUCHES = Export(
    "lead_touches",
    version=1,
    of=TouchFact,
    says="Something brought a lead to us",
    day="at",
    columns={
        "lead_id": LEAD,
        "n": "Its number among the lead's touches by their times, from 0",
        "kind": "The signal",
        "at": "When it happened",
    },
)

INTERACTIONS = Export(
    "interactions",
    version=1,
    of=InteractionFact,
    says="A contact with the customer of a lead",
    day="at",
    columns={
        "lead_id": LEAD,
        "n": NUMBER,
        "kind": "call, e-mail, visit, meeting ...",
        "direction": "outbound, or inbound: the customer began it",
        "at": "When it was",
    },
)

LEAD_PROMPTS = Export(
    "lead_prompts",
    version=1,
    of=PromptFact,
    says="A follow-up or first response was due, and was done in time or not",
    day="at",
    columns={
        "lead_id": LEAD,
        "n": NUMBER,
        "kind": "What was due",
        "grade": "The lead's grade then",
        "due_at": "Until when it was due",
        "at": "When it was done in time; else when it was due",
        "in_time": "Whether it was done in time",
        "done_at": "When there was a first response, in time or later",
        "work_seconds": Of("work_us", "The working time that a first response took, in seconds"),
    },
)

SPEND = Export(
    "spend",
    version=1,
    of=SpendFact,
    says="What was spent on a campaign on one day",
    day="at",
    columns={
        "spend_id": "The record of the spend",
        "n": "The day's number in it, from 0",
        "at": "When the day begins",
        "amount": "In the reporting currency",
        "owner_id": "Always empty: spend is nobody's",
        "team_id": "Always empty",
    },
)
