"""The base of what routes answer with: a record as it is, whatever is asked today of those who write it."""

import types
import typing
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from shared.fields import Mark
from shared.known import is_listed


def _plain(hint: Any) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Annotated:
        return hint if is_listed(hint) else _plain(args[0])
    if not args or origin is typing.Literal:
        return hint
    within: Any = typing.Union if origin is types.UnionType else origin
    return within[tuple(_plain(arg) for arg in args)]


class Answer(BaseModel):
    """Its fields, inherited ones too, are always there and have the plain types of what they inherit, without limits or patterns.

    A text of a known list (`shared.known`) stays one. What is marked as personal stays marked.

    class TeamItem(TeamFields, Identified): ...
    """

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        super().__pydantic_init_subclass__(**kwargs)
        for field in cls.model_fields.values():
            field.annotation, field.metadata = _plain(field.annotation), [mark for mark in field.metadata if isinstance(mark, Mark)]
            field.default, field.default_factory = PydanticUndefined, None
        cls.model_rebuild(force=True)


class Identified(Answer):
    """A record's id, and what another system calls it: the first fields of what answers show."""

    id: UUID
    external_id: str | None
