"""By what a person is known again, what they allow now, and what that keeps us from. Pure."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from lead_svc.consent.fields import ConsentDecision, Purpose, Use
from lead_svc.consent.policy import ConsentPolicy
from lead_svc.consent.record import CONSENT, Consent
from shared.acts import Act, who
from shared.auth.actor import LEADERS, SELLERS, Actor, Role
from shared.errors import Unmet
from shared.events.consent import ConsentGranted, ConsentWithdrawn

_WHO = who(
    *LEADERS, *SELLERS, Role.marketing, Role.ops, Role.sales_ops, Role.assistant, Role.csm, Role.support, Role.legal, scope="leads:write"
)
_SAYS = "Records what the person allows, or takes back: for which purpose, how they said so, and what shows it."


def _sample(_: Any, _by: Actor) -> dict[str, Any]:
    return {"purpose": Purpose.MARKETING, "decision": ConsentDecision.WITHDRAWN}


DECLARE = Act(
    of=CONSENT,
    name="declare",
    operation="declare_consent",
    who=_WHO,
    makes=True,
    tells=(ConsentGranted, ConsentWithdrawn),
    says=_SAYS,
    asks="The version of the text, to grant.",
    sample=_sample,
)
DECLARE_OF_CONTACT = Act(
    of=CONSENT,
    name="declare_of_contact",
    operation="declare_contact_consent",
    who=_WHO,
    makes=True,
    tells=(ConsentGranted, ConsentWithdrawn),
    says=f"The same for a contact. {_SAYS}",
    asks="The version of the text, to grant.",
    sample=_sample,
)

_PHONE_DIGITS = 9
"""With and without the code of the country a number ends alike."""
_LEAST_DIGITS = 7


def _hash(kind: str, text: str) -> str:
    return f"{kind}:{hashlib.sha256(text.encode()).hexdigest()}"


def email_key(email: str) -> str:
    """What the spellings of one address have in common, unreadable: what was withdrawn outlives the address itself."""
    return _hash("email", unicodedata.normalize("NFKC", email).strip().lower())


def phone_key(phone: str) -> str | None:
    digits = re.sub(r"[^0-9]", "", unicodedata.normalize("NFKC", phone))
    return _hash("phone", digits[-_PHONE_DIGITS:]) if len(digits) >= _LEAST_DIGITS else None


def keys(*, lead_id: UUID | None, contact_id: UUID | None, email: str | None, phone: str | None) -> list[str]:
    """All that a declaration of this person is found by."""
    found = [f"lead:{lead_id}" if lead_id else None, f"contact:{contact_id}" if contact_id else None]
    return [key for key in (*found, email and email_key(email), phone and phone_key(phone)) if key]


def asked_by(*, lead_id: UUID | None, contact_id: UUID | None, email: str | None, phone: str | None) -> list[str]:
    """By what the person is looked for. Colleagues share a number: it counts only where there is no address."""
    return keys(lead_id=lead_id, contact_id=contact_id, email=email, phone=None if email else phone)


def standing(declared: Iterable[Consent], policy: ConsentPolicy) -> dict[Purpose, Consent]:
    """What counts for each purpose: the newest declaration, by when it was said.

    A tick in a form lifts no withdrawal: nobody has shown that it was the one who withdrew.
    """
    found: dict[Purpose, Consent] = {}
    for one in sorted(declared, key=lambda one: (one.at, one.recorded_at, one.id.bytes)):
        before = found.get(one.purpose)
        if not (one.asked and before and before.decision is ConsentDecision.WITHDRAWN) or policy.form_lifts:
            found[one.purpose] = one
    return found


def asked_again(declared: Iterable[Consent], stands: Mapping[Purpose, Consent]) -> list[Purpose]:
    """What was ticked in a form after it had been withdrawn, and waits for somebody who confirms it."""
    late = {one.purpose for one in declared if one.asked and (now := stands.get(one.purpose)) and now is not one and one.at >= now.at}
    return [purpose for purpose in Purpose if purpose in late and stands[purpose].decision is ConsentDecision.WITHDRAWN]


_SAID = {Purpose.CONTACT: "to be contacted", Purpose.MARKETING: "to hear of campaigns and offers"}


def missing(use: Use, stands: Mapping[Purpose, Consent], policy: ConsentPolicy) -> list[Unmet]:
    """Why this person is left out of it; nothing where they are not."""
    gate: Mapping[str, bool] = getattr(policy, use).model_dump()
    unmet = []
    for purpose in Purpose:
        one = stands.get(purpose) if gate[purpose] else None
        if one is not None and one.decision is ConsentDecision.WITHDRAWN:
            unmet.append(Unmet("consent_withdrawn", f"The person does not want {_SAID[purpose]}. Only they can allow it again."))
        elif gate[purpose] and one is None and policy.opt_in:
            unmet.append(Unmet("consent_missing", f"The person has not agreed {_SAID[purpose]}; record their consent first."))
    return unmet
