"""Tables that derive from a record's dataclass."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, Index, Integer, MetaData, Numeric, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB

from shared.db.record import table
from shared.stored import Stored


class Colour(StrEnum):
    RED = "red"


@dataclass(frozen=True, slots=True)
class Boat:
    id: UUID
    name: Annotated[str, Stored(unique=True, comment="as painted on it")]
    colour: Colour | None
    length: Annotated[Decimal, Stored(digits=(6, 2))]
    seats: int
    miles: Annotated[int, Stored(big=True)]
    sails: dict[str, Any]
    log: list[str] | None
    built_on: date | None
    afloat: Annotated[bool, Stored(default="true")]
    harbour_id: Annotated[UUID | None, Stored(refers="harbour.id")]
    seen_at: datetime
    version: int


def test_a_column_for_each_field_of_the_type_that_it_has() -> None:
    boat = table("boat", MetaData(), Boat, Index("ix_boat_seen", "seen_at"))
    kinds = {c.name: (type(c.type), c.nullable) for c in boat.c}
    assert kinds == {
        "id": (Uuid, False),
        "name": (Text, False),
        "colour": (Text, True),
        "length": (Numeric, False),
        "seats": (Integer, False),
        "miles": (BigInteger, False),
        "sails": (JSONB, False),
        "log": (JSONB, True),
        "built_on": (Date, True),
        "afloat": (Boolean, False),
        "harbour_id": (Uuid, True),
        "seen_at": (type(boat.c.seen_at.type), False),
        "version": (BigInteger, False),
    }
    assert boat.primary_key.columns.keys() == ["id"]
    assert [i.name for i in boat.indexes] == ["ix_boat_seen"]


def test_what_a_type_cannot_say_is_said_beside_it() -> None:
    boat = table("boat", MetaData(), Boat)
    assert (boat.c.name.unique, boat.c.name.comment) == (True, "as painted on it")
    assert (boat.c.length.type.precision, boat.c.length.type.scale) == (6, 2)
    assert str(boat.c.afloat.server_default.arg) == "true"  # type: ignore[union-attr]
    assert [f.target_fullname for f in boat.c.harbour_id.foreign_keys] == ["harbour.id"]
