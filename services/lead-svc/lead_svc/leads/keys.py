"""What leads of one person or company have in common in the database, whatever the spelling: expressions that indexes serve.

They find what may be meant; `lead_svc.duplicates.rules` looks closer. Write the same expression for both sides of a comparison.
"""

from typing import Any

from sqlalchemy import ColumnElement, Text, TextClause, func, text

Column = ColumnElement[Any]
_PHONE_DIGITS = 7
_COMPANY_LETTERS = 12


def _text(constant: str) -> TextClause:
    """A constant that stands in the statement itself, as it does in the index."""
    return text("'" + constant.replace(":", r"\:") + "'")


def _one_form(column: Column) -> Column:
    return func.normalize(column, text("NFKC"), type_=Text())


def _number(constant: int) -> TextClause:
    return text(str(constant))


def _joined(key: Column, letter: Column) -> Column:
    return key.op("||")(_text("/")).op("||")(letter)


def email_key(email: Column) -> Column:
    """The address without its case and width."""
    return func.lower(_one_form(email), type_=Text())


def phone_key(phone: Column) -> Column:
    """The last digits of the number, without an extension: the same with and without the code of the country."""
    extension = r"([0-9)]) *(ext\.?|x|#|转|分机) *[0-9]+.*$"
    plain = func.regexp_replace(_one_form(phone), _text(extension), _text(r"\1"), _text("i"))
    digits = func.regexp_replace(plain, _text("[^0-9]"), _text(""), _text("g"))
    return func.right(digits, _number(_PHONE_DIGITS), type_=Text())


def first_letter(name: Column) -> Column:
    return func.lower(func.left(_one_form(name), _number(1)), type_=Text())


def _letters(name: Column) -> Column:
    """A name without case, width, blanks and punctuation."""
    return func.lower(func.regexp_replace(_one_form(name), _text("[[:space:][:punct:]]"), _text(""), _text("g")), type_=Text())


def name_and_company(name: Column, company: Column) -> Column:
    """The name of the person, with how that of the company begins."""
    return _joined(_letters(name), func.left(_letters(company), _number(2)))


def name_and_domain(name: Column, email: Column) -> Column:
    """The name of the person, with the domain of the address."""
    return _joined(_letters(name), func.split_part(email_key(email), _text("@"), _number(2)))


def company_and_letter(company: Column, letter: Column) -> Column:
    """How the name of the company begins, with the first letter of a name of the person."""
    return _joined(func.left(_letters(company), _number(_COMPANY_LETTERS)), letter)
