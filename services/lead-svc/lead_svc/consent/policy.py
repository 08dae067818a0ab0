"""What a withdrawn consent keeps us from."""

from shared.policy.document import Document, Part, Policy, value


class Gate(Part):
    """Which consents it needs."""

    contact: bool = value(True, "Contact", "联系", "A person who does not want to be contacted is left out.")
    marketing: bool = value(True, "Marketing", "营销", "A person who does not want to hear of offers is left out.")


class ConsentPolicy(Document):
    """What needs which consent, and whether silence is one."""

    opt_in: bool = value(False, "Consent needed", "需事先同意", "Who has said nothing is left out too, until they agree.")
    form_lifts: bool = value(
        False, "Forms lift a withdrawal", "表单可恢复授权", "A tick in a form is enough for a person who has withdrawn; nobody confirms it."
    )
    mql: Gate = value(Gate(marketing=False), "MQL", "市场合格线索", "A lead becomes an MQL only with these.")
    cadence: Gate = value(Gate(marketing=False), "Cadence", "跟进节奏", "A lead is followed up only with these.")
    campaigns: Gate = value(Gate(), "Campaigns", "市场活动", "A campaign writes to a person only with these.")


POLICY = Policy("lead-svc", ConsentPolicy, name="consent")
