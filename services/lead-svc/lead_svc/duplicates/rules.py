"""Whether two leads are the same, and who decides it. Pure."""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_possible_number, parse
from rapidfuzz import fuzz

from lead_svc.duplicates.policy import DuplicatePolicy
from lead_svc.duplicates.record import DUPLICATE, Certainty, Duplicate, DuplicateState, Match
from lead_svc.leads.record import CLOSED, Lead
from shared.acts import Act, who
from shared.auth.actor import LEADERS, Actor, Role
from shared.events.duplicates import LeadDuplicateCleared, LeadDuplicateDismissed, LeadDuplicateSuspected
from shared.ids import external_id
from shared.spelling import compared

# -- Acts --------------------------------------------------------------------------------------------------------------------

SUSPECTED, DISMISSED, CLEARED = DuplicateState
_DECIDES = who(*LEADERS, Role.sales_ops)


def _path(duplicate: Duplicate, _: Actor) -> dict[str, Any]:
    return {"lead_id": str(duplicate.lead_id), "other_id": str(duplicate.other_id)}


SUSPECT = Act(
    of=DUPLICATE,
    name="suspect",
    operation=None,
    who=who(),
    to=(SUSPECTED,),
    makes=True,
    tells=(LeadDuplicateSuspected,),
    says="A lead is entered or changed, and has so much in common with another one that they may be the same.",
)
FIND_AGAIN = Act(
    of=DUPLICATE,
    name="find_again",
    operation=None,
    who=who(),
    states=(SUSPECTED, CLEARED),
    to=(SUSPECTED,),
    tells=(LeadDuplicateSuspected,),
    says="They have more, less or something else in common now, and still may be the same.",
)
DISMISS = Act(
    of=DUPLICATE,
    name="dismiss",
    operation="dismiss_duplicate",
    who=_DECIDES,
    states=(SUSPECTED,),
    to=(DISMISSED,),
    tells=(LeadDuplicateDismissed,),
    refused="This cannot be said of the two leads now.",
    code="cannot_dismiss",
    says="Says that the two leads are not the same; that is remembered.",
    asks="Both leads in view.",
    sample=lambda duplicate, by: {**_path(duplicate, by), "reason": "father and son"},
)
REOPEN = Act(
    of=DUPLICATE,
    name="reopen",
    operation="reopen_duplicate",
    who=_DECIDES,
    states=(DISMISSED,),
    to=(SUSPECTED,),
    tells=(LeadDuplicateSuspected,),
    refused="This cannot be said of the two leads now.",
    code="cannot_reopen",
    says="Takes back that the two leads are not the same.",
    asks="Both leads in view.",
    sample=_path,
)
CLEAR = Act(
    of=DUPLICATE,
    name="clear",
    operation=None,
    who=who(),
    states=(SUSPECTED,),
    to=(CLEARED,),
    tells=(LeadDuplicateCleared,),
    says="A lead was changed, and the two have too little in common now.",
)
DUPLICATE_ACTS = (SUSPECT, FIND_AGAIN, DISMISS, REOPEN, CLEAR)

# -- What two leads have in common -------------------------------------------------------------------------------------------

COMPARED = frozenset({"email", "phone", "contact_name", "company"})
"""The fields of a lead that are looked at."""
_LEFT_OUT = re.compile(r"[.'’`´]")
_PUNCTUATION = re.compile(r"[^\w\s]|_")
_NUMBER = re.compile(r"\+?[0-9(][0-9 ()./\u2010-\u2015-]+")
_NOT_DIGITS = re.compile(r"\D")
_LEAST_DIGITS = 7


@dataclass(frozen=True, slots=True)
class Likeness:
    """What two leads have in common, and what that counts for."""

    points: int
    matches: Mapping[Match, int]
    """With what each counts for."""
    certainty: Certainty | None
    """None: too little."""


def likeness(one: Lead, other: Lead, policy: DuplicatePolicy) -> Likeness:
    weights = policy.weights
    matches = {match: int(getattr(weights, match)) for match in _matches(one, other, policy)}
    points = min(100, sum(matches.values()))
    certainty = Certainty.CERTAIN if points >= policy.certain else Certainty.LIKELY if points >= policy.likely else None
    return Likeness(points, matches, certainty)


def _matches(one: Lead, other: Lead, policy: DuplicatePolicy) -> Iterator[Match]:
    emails = email(one.email), email(other.email)
    if emails[0] and emails[0] == emails[1]:
        yield Match.EMAIL
    phones = phone(one.phone, policy.phone_region), phone(other.phone, policy.phone_region)
    if phones[0] and phones[0] == phones[1]:
        yield Match.PHONE
    if _similar(person(one.contact_name), person(other.contact_name), policy.name_similarity, policy.least_letters):
        yield Match.NAME
    companies = company(one.company, policy.legal_forms), company(other.company, policy.legal_forms)
    if _similar(*companies, policy.company_similarity, policy.least_letters):
        yield Match.COMPANY
    domains = [address.rpartition("@")[2] for address in emails]
    if domains[0] and domains[0] == domains[1] and domains[0] not in policy.free_mail:
        yield Match.DOMAIN


def _similar(one: str, other: str, least: int, letters: int) -> bool:
    if not one or not other:
        return False
    return one == other or (min(len(one), len(other)) >= letters and fuzz.ratio(one, other) >= least)


def email(text: str | None) -> str:
    """The address without its case and width; empty when there is none."""
    return compared(text) if text else ""


def phone(text: str | None, region: str) -> str:
    """The number as E.164 writes it. One that is none stays as its digits, if these are enough to tell numbers apart."""
    return _phone(text, region) if text else ""


@lru_cache(maxsize=8192)
def _phone(text: str, region: str) -> str:
    found = _NUMBER.search(unicodedata.normalize("NFKC", text))
    if found is None:
        return ""
    try:
        number = parse(found[0], region)
    except NumberParseException:
        number = None
    if number is not None and is_possible_number(number):
        return format_number(number, PhoneNumberFormat.E164)
    digits = _NOT_DIGITS.sub("", found[0])
    return digits if len(digits) >= _LEAST_DIGITS else ""


@lru_cache(maxsize=8192)
def person(name: str | None) -> str:
    """A person's name without case and punctuation, whichever part comes first."""
    return " ".join(sorted(_words(name))) if name else ""


@lru_cache(maxsize=8192)
def company(name: str | None, legal_forms: tuple[str, ...]) -> str:
    """A company's name without case, blanks, punctuation and legal form."""
    words = _words(name) if name else []
    core, forms = words, _forms(legal_forms)
    while core != (shorter := _without_form(core, *forms)) and shorter:
        core = shorter
    return "".join(core)


def _words(name: str) -> list[str]:
    return _PUNCTUATION.sub(" ", _LEFT_OUT.sub("", compared(name))).split()


@lru_cache(maxsize=16)
def _forms(legal_forms: tuple[str, ...]) -> tuple[frozenset[tuple[str, ...]], tuple[str, ...]]:
    """Forms that are words of their own, and those that are written without a blank, the longest first."""
    apart = frozenset(tuple(_words(form)) for form in legal_forms if form.isascii())
    return apart, tuple(sorted((form for form in legal_forms if not form.isascii()), key=len, reverse=True))


def _without_form(words: list[str], apart: frozenset[tuple[str, ...]], joined: Sequence[str]) -> list[str]:
    """The words without one legal form at an end; an empty list when nothing else is left."""
    for length in (3, 2, 1):
        if tuple(words[-length:]) in apart:
            return words[:-length]
    for form in joined:
        if words and words[-1].endswith(form):
            rest = words[-1].removesuffix(form)
            return [*words[:-1], rest] if rest else words[:-1]
        if words and words[0].startswith(form):
            rest = words[0].removeprefix(form)
            return [rest, *words[1:]] if rest else words[1:]
    return words


# -- The pair ----------------------------------------------------------------------------------------------------------------


def pair(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    """The two ids in the order in which a pair has them."""
    return (one, other) if one.bytes < other.bytes else (other, one)


def pair_id(one: UUID, other: UUID) -> UUID:
    """The id of the pair, whichever comes first."""
    return external_id("lead_duplicate", "{}:{}".format(*pair(one, other)))


def as_found(known: Duplicate | None, ids: tuple[UUID, UUID], now: Likeness, at: datetime) -> Duplicate:
    """The pair as it is found to be now, whether or not anybody has looked before. What is dismissed stays so."""
    assert now.certainty is not None
    matches = {match.value: points for match, points in now.matches.items()}
    said: dict[str, Any] = {"certainty": now.certainty, "points": now.points, "matches": matches}
    if known is not None:
        return replace(known, state=DISMISSED if known.state is DISMISSED else SUSPECTED, **said)
    nobody: dict[str, Any] = {"reason": None, "decided_by": None, "decided_at": None}
    stamps: dict[str, Any] = {"created_at": at, "updated_at": at, "version": 0}
    return Duplicate(id=pair_id(*ids), lead_id=ids[0], other_id=ids[1], state=SUSPECTED, **said, **nobody, **stamps)


def is_open(lead: Lead) -> bool:
    """What is closed is history: a customer who comes back is no duplicate."""
    return lead.state not in CLOSED
