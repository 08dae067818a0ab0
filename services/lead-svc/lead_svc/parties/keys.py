"""What accounts and contacts have in common in the database, whatever the spelling: expressions that indexes serve.

Write the same expression for both sides of a comparison. They are plain, because each record pays for them: regular expressions cost an
import a third of its speed.
"""

from typing import Any

from sqlalchemy import ColumnElement, Text, TextClause, column, func, text

Column = ColumnElement[Any]


def constant(written: str) -> TextClause:
    """Stands in the statement itself, as it does in the index."""
    return text(written)


def email_key(email: Column) -> Column:
    """The address without its case and width."""
    return func.lower(func.normalize(email, constant("NFKC")), type_=Text())


def phone_key(phone: Column) -> Column:
    """The last digits of the number: the same with and without the code of the country."""
    plain = func.translate(phone, constant("' -+()/.'"), constant("''"))
    return func.right(plain, constant("7"), type_=Text())


def name_key(name: Column) -> Column:
    """How a name begins."""
    return func.lower(func.left(name, constant("3")), type_=Text())


def letters(compared: Column) -> Column:
    """The name of a company without blanks and punctuation."""
    return func.translate(compared, constant("' .,-&()/'"), constant("''"), type_=Text())


EMAIL, PHONE, LETTERS = (str(each) for each in (email_key(column("email")), phone_key(column("phone")), letters(column("compared"))))
"""The same as they are written by hand."""
