"""What people and the system do with a lead, in the order in which answers list it."""

from lead_svc.assignment import rules as assignment
from lead_svc.attachments import rules as attachments
from lead_svc.cadence import rules as cadence
from lead_svc.capture import rules as capture
from lead_svc.conversion import rules as conversion
from lead_svc.interactions import rules as interactions
from lead_svc.leads import rules as leads
from lead_svc.leads.record import LEAD
from lead_svc.merging import rules as merging
from lead_svc.qualification import rules as qualification
from lead_svc.scoring import rules as scoring
from shared.acts import acts_of

LEAD_ACTS = acts_of(LEAD, capture, leads, scoring, qualification, cadence, interactions, attachments, assignment, conversion, merging)
