"""What two records have in common, whatever the spelling. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, is_possible_number, parse
from rapidfuzz import fuzz

from lead_svc.duplicates.policy import DuplicatePolicy
from lead_svc.duplicates.record import Certainty, Likeness, Match, Said
from shared.spelling import compared

_LEFT_OUT = re.compile(r"[.'’`´]")
_PUNCTUATION = re.compile(r"[^\w\s]|_")
_NUMBER = re.compile(r"\+?[0-9(][0-9 ()./\u2010-\u2015-]+")
_NOT_DIGITS = re.compile(r"\D")
_LEAST_DIGITS = 7


def said(policy: DuplicatePolicy, contacts: Iterable[tuple[str | None, str | None]], *, person_name: str | None, of: str | None) -> Said:
    """What is compared of a record: addresses and numbers, the name of a person, and of a company."""
    both = list(contacts)
    return Said(
        emails=frozenset(filter(None, (email(address) for address, _ in both))),
        phones=frozenset(filter(None, (phone(number, policy.phone_region) for _, number in both))),
        person=person(person_name),
        company=company(of, policy.legal_forms),
    )


def likeness(one: Said, other: Said, policy: DuplicatePolicy, weights: Mapping[Match, int]) -> Likeness:
    """Points from 0 to 100: the sum of what each thing in common counts for."""
    matches = {match: weights[match] for match in _matches(one, other, policy) if match in weights}
    points = min(100, sum(matches.values()))
    certainty = Certainty.CERTAIN if points >= policy.certain else Certainty.LIKELY if points >= policy.likely else None
    return Likeness(points, matches, certainty)


def _matches(one: Said, other: Said, policy: DuplicatePolicy) -> Iterator[Match]:
    if not one.emails.isdisjoint(other.emails):
        yield Match.EMAIL
    if not one.phones.isdisjoint(other.phones):
        yield Match.PHONE
    if _similar(one.person, other.person, policy.name_similarity, policy.least_letters):
        yield Match.NAME
    if _similar(one.company, other.company, policy.company_similarity, policy.least_letters):
        yield Match.COMPANY
    if any(domain not in policy.free_mail for domain in domains(one) & domains(other)):
        yield Match.DOMAIN


def domains(of: Said) -> set[str]:
    return {domain for address in of.emails if (domain := address.rpartition("@")[2])}


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
