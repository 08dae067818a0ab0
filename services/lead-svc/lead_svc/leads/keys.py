"""What leads of one person or company have in common in the database, whatever the spelling: expressions that indexes serve.

They find what may be meant; `lead_svc.duplicates.likeness` looks closer. Those that contacts have too are in `lead_svc.parties.keys`.
"""

from sqlalchemy import Text, func

from lead_svc.parties.keys import Column, constant, email_key, phone_key

__all__ = ["company_and_name", "email_key", "phone_key"]


def company_and_name(company: Column, name: Column) -> Column:
    """How the name of the company begins, and a name of the person."""
    letters = func.left(func.translate(company, constant("' .,-&()'"), constant("''")), constant("6"), type_=Text())
    both = letters.op("||")(constant("'/'")).op("||")(func.left(name, constant("3")))
    return func.lower(both, type_=Text())
