"""A record's table, derived from its dataclass: each field is a column.

`Annotated[..., Stored(...)]` says what a type cannot.
"""

import types
import typing
from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Date, ForeignKey, Integer, MetaData, Numeric, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.schema import SchemaItem

from shared.db.tables import At
from shared.stored import Stored

_TYPES: dict[Any, Any] = {UUID: Uuid, str: Text, int: Integer, bool: Boolean, datetime: At, date: Date, Decimal: Numeric}

SILENT = {"silent": True}
"""The `info` of a table whose rows may have told nothing yet: they have version 0."""


def table(name: str, metadata: MetaData, of: type[Any], *items: SchemaItem, key: Sequence[str] = ("id",), **options: Any) -> Table:
    """The table of a dataclass, in the order of its fields; `items` are its indexes and constraints. `version` counts events: a bigint."""
    hints = typing.get_type_hints(of, include_extras=True)
    made = [_column(f.name, hints[f.name], f.name in key) for f in fields(of)]
    return Table(name, metadata, *made, *items, **options)


def _column(name: str, hint: Any, key: bool) -> Column[Any]:
    said = Stored()
    if typing.get_origin(hint) is typing.Annotated:
        hint, *notes = typing.get_args(hint)
        said = next((note for note in notes if isinstance(note, Stored)), said)
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union else (hint,)
    (kind,) = [option for option in options if option is not type(None)]
    refers = [ForeignKey(said.refers)] if said.refers else []
    return Column(
        name,
        BigInteger() if name == "version" else _type(kind, said),
        *refers,
        primary_key=key,
        autoincrement=False,
        nullable=type(None) in options,
        unique=said.unique or None,
        server_default=None if said.default is None else text(said.default),
        comment=said.comment,
    )


def _type(kind: Any, said: Stored) -> Any:
    if isinstance(said.digits, tuple):
        return Numeric(*said.digits)
    if typing.get_origin(kind) in (list, dict) or kind in (list, dict):
        return JSONB()
    if isinstance(kind, type) and issubclass(kind, Enum):
        return Text()
    return BigInteger() if said.big else _TYPES[kind]
