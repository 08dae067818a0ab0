"""What people and the system do with the records of lead-svc, in the order in which answers list it."""

from lead_svc.capture.rules import CAPTURE, STUB
from lead_svc.conversion.rules import CONFIRM, CONVERT, REFUSE
from lead_svc.interactions.rules import LOG
from lead_svc.leads.rules import ASSIGN, CHANGE, DECLARE_MQL, DISQUALIFY, NURTURE, REACTIVATE
from lead_svc.parties.rules import ACCOUNT_ACTS, CONTACT_ACTS
from lead_svc.qualification.rules import QUALIFY, RECORD_BANT, RECORD_INTENT, SET_GRADE
from lead_svc.team.rules import PERSON_ACTS, TEAM_ACTS

LEAD_ACTS = (
    CAPTURE, STUB, CHANGE, DECLARE_MQL, RECORD_BANT, RECORD_INTENT, SET_GRADE, LOG, QUALIFY, NURTURE, DISQUALIFY, REACTIVATE, ASSIGN,
    CONVERT, CONFIRM, REFUSE,
)  # fmt: skip
ACTS = (LEAD_ACTS, ACCOUNT_ACTS, CONTACT_ACTS, TEAM_ACTS, PERSON_ACTS)
