"""What leads of one person or company have in common in the database, whatever the spelling: expressions that indexes serve.

They find what may be meant; `lead_svc.duplicates.rules` looks closer. Write the same expression for both sides of a comparison. They are
plain, because each lead pays for them: regular expressions cost an import a third of its speed.
"""

from typing import Any

from sqlalchemy import ColumnElement, Text, TextClause, func, text

Column = ColumnElement[Any]


def _constant(written: str) -> TextClause:
    """Stands in the statement itself, as it does in the index."""
    return text(written)


def email_key(email: Column) -> Column:
    """The address without its case and width."""
    return func.lower(func.normalize(email, _constant("NFKC")), type_=Text())


def phone_key(phone: Column) -> Column:
    """The last digits of the number: the same with and without the code of the country."""
    plain = func.translate(phone, _constant("' -+()/.'"), _constant("''"))
    return func.right(plain, _constant("7"), type_=Text())


def company_and_name(company: Column, name: Column) -> Column:
    """How the name of the company begins, and a name of the person."""
    letters = func.left(func.translate(company, _constant("' .,-&()'"), _constant("''")), _constant("6"), type_=Text())
    both = letters.op("||")(_constant("'/'")).op("||")(func.left(name, _constant("3")))
    return func.lower(both, type_=Text())
