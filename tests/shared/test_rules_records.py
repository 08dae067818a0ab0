"""What follows from a record's fields: its answer, its event, what masked roles see of it, and its filters."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, MetaData, Table, Text, Uuid

from shared.events.team import TeamChanged
from shared.fields import PERSONAL, Email, Name, Source
from shared.http.answer import Answer
from shared.http.listing import described
from shared.ids import new_id
from shared.masking import masked
from shared.verify import limits, orphans


class GuestFields(BaseModel):
    name: Annotated[Name, PERSONAL]
    email: Annotated[Email | None, Field(description="Where they read."), PERSONAL] = None
    source: Source | None = None


class GuestHead(Answer):
    id: UUID


class GuestItem(GuestFields, GuestHead):
    tags: list[Name] = []


def test_an_answer_shows_what_is_there_without_the_limits_of_what_is_given() -> None:
    as_stored: dict[str, Any] = {"id": new_id(), "name": "", "email": "no address", "source": "Trade Show", "tags": [""]}
    assert GuestItem(**as_stored).model_dump() == as_stored
    assert list(GuestItem.model_fields) == ["id", "name", "email", "source", "tags"]
    schema = GuestItem.model_json_schema()
    assert schema["required"] == list(GuestItem.model_fields)
    assert schema["properties"]["name"] == {"title": "Name", "type": "string"}
    assert schema["properties"]["email"]["description"] == "Where they read."
    assert GuestFields.model_fields["email"].default is None


@dataclass(frozen=True)
class Team:
    id: UUID
    name: str
    parent_id: UUID | None
    secret: str
    correlation_id: str


def test_an_event_tells_what_the_record_has_under_its_names() -> None:
    team = Team(new_id(), "North", new_id(), "hidden", "not the event's own")
    told = TeamChanged.of(team, path=[team.id])
    assert (told.name, told.parent_id, told.path, told.correlation_id) == ("North", team.parent_id, [team.id], None)
    assert TeamChanged.of(team, name="South", path=[]).name == "South"


def test_masked_roles_see_parts_of_names_and_addresses_and_no_other_texts() -> None:
    values = {"name": "Anna Berg", "email": None, "said": "Call me", "source": "seo"}
    assert masked(values, ["name", "email", "said", "phone"]) == {"name": "A*** B***", "email": None, "said": None}


def test_what_is_said_of_a_record_filters_its_list_unless_it_is_personal() -> None:
    table = Table("guest", MetaData(), *[Column(name, Text) for name in GuestFields.model_fields])
    assert list(described(table, GuestFields)) == ["source"]


def test_each_check_is_asked_for_rows_beyond_it() -> None:
    metadata = MetaData()
    assert limits(metadata) == []
    Table("guest", metadata, Column("id", Uuid, primary_key=True), Column("age", Text), CheckConstraint("age >= 0", name="age"))
    (check,) = limits(metadata)
    assert check.sql == "SELECT 'guest.age of ' || id AS beyond FROM guest WHERE NOT (age >= 0)"


def test_each_foreign_key_is_asked_for_rows_that_refer_to_nothing() -> None:
    metadata = MetaData()
    assert orphans(metadata) == []
    Table("parent", metadata, Column("id", Uuid, primary_key=True), Column("kind", Text, primary_key=True))
    Table(
        "child",
        metadata,
        Column("id", Uuid, primary_key=True),
        Column("parent_id", Uuid),
        Column("kind", Text),
        ForeignKeyConstraint(["parent_id", "kind"], ["parent.id", "parent.kind"]),
    )
    (check,) = orphans(metadata)
    assert check.sql == (
        "SELECT 'child.parent_id, kind of ' || c.id AS orphan FROM child c WHERE c.parent_id IS NOT NULL AND c.kind IS NOT NULL "
        "AND NOT EXISTS (SELECT FROM parent p WHERE p.id = c.parent_id AND p.kind = c.kind)"
    )
