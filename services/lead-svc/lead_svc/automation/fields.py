"""When a rule looks at a lead, and what it does."""

from enum import StrEnum


class Trigger(StrEnum):
    """What happens to a lead."""

    CAPTURED = "captured"
    CHANGED = "changed"
    MQL_REACHED = "mql_reached"
    QUALIFIED = "qualified"
    BANT_UPDATED = "bant_updated"
    REGRADED = "regraded"
    INTENT_RECORDED = "intent_recorded"
    CONTACTED = "contacted"
    ASSIGNED = "assigned"
    NURTURED = "nurtured"
    DISQUALIFIED = "disqualified"
    REACTIVATED = "reactivated"
    SIGNAL = "signal"
    FORM_SENT = "form_sent"
    SCORED = "scored"
    PREDICTED = "predicted"
    RESPONSE_MISSED = "response_missed"


class ActionKind(StrEnum):
    """What a rule does."""

    ASSIGN = "assign"
    SET_GRADE = "set_grade"
    SET_TASK = "set_task"
    TELL = "tell"
    PROMOTE = "promote"


class LeftOut(StrEnum):
    """Why something was not done that a rule says."""

    WRONG_STATE = "wrong_state"
    SAME_GRADE = "same_grade"
    SAME_OWNER = "same_owner"
    OWNED = "owned"
    NO_RULES = "no_rules"
    UNFIT_OWNER = "unfit_owner"
    OPEN_TASK = "open_task"
    CONSENT = "consent"


class Repeat(StrEnum):
    ONCE = "once"
    EACH_TIME = "each_time"
