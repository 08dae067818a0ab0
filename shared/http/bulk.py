"""Many rows in one request: each is checked and answered alone, one command writes the good ones.

@router.post("/bulk", status_code=207, dependencies=[KeyRequired])
async def add_leads(body: Bulk[LeadIn], tx: InTx) -> BulkResult:
    return await body.run(lambda leads: commands.capture_many(tx, leads))
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic.json_schema import SkipJsonSchema

from shared.errors import Invalid, Problem
from shared.http.body import Body
from shared.http.problem import InputError, UnmetOut, pointer
from shared.known import ProblemCode
from shared.sentences import sentence

M = TypeVar("M", bound=BaseModel)
MOST = 500


@dataclass(frozen=True, slots=True)
class Done:
    """A row that was taken: `status` 201 when it is new, 200 when it changed one that was there."""

    id: UUID
    status: int = 201


class ItemProblem(BaseModel):
    """Why one row was not taken.

    The same words as in a problem+json answer; its trace is that of the whole request.
    """

    type: str
    title: str
    detail: str
    code: ProblemCode
    errors: list[InputError] | SkipJsonSchema[None] = Field(default=None, exclude_if=lambda value: value is None)
    unmet: list[UnmetOut] | SkipJsonSchema[None] = Field(default=None, exclude_if=lambda value: value is None)


class BulkItem(BaseModel):
    index: int = Field(description="The row's place in the request, from 0.")
    id: UUID | None
    status: int = Field(description="What the row alone would have been answered.")
    problem: ItemProblem | SkipJsonSchema[None] = Field(default=None, exclude_if=lambda value: value is None)


class BulkResult(BaseModel):
    """One answer per row, in the order of the request."""

    items: list[BulkItem]


def _valid_or_why_not(value: Any, validate: ValidatorFunctionWrapHandler) -> Any:
    try:
        return validate(value)
    except ValidationError as error:
        return error


class Bulk(Body, Generic[M]):
    """Up to 500 rows.

    A row that is not valid becomes its own 422 in the answer and does not stop the others.
    """

    items: list[Annotated[M, WrapValidator(_valid_or_why_not)]] = Field(min_length=1, max_length=MOST)

    async def run(self, command: Callable[[list[M]], Awaitable[Sequence[Done | Problem]]]) -> BulkResult:
        """Call `command` once with all valid rows; it answers for each of them, in order.

        Not called when there is none.
        """
        valid = [row for row in self.items if not isinstance(row, ValidationError)]
        answers = list(await command(valid)) if valid else []
        if len(answers) != len(valid):
            raise TypeError(f"the command answered for {len(answers)} of {len(valid)} rows")
        outcomes = iter(answers)
        return BulkResult(items=[_item(n, row if isinstance(row, ValidationError) else next(outcomes)) for n, row in enumerate(self.items)])


def _item(index: int, outcome: Done | Problem | ValidationError) -> BulkItem:
    if isinstance(outcome, Done):
        return BulkItem(index=index, id=outcome.id, status=outcome.status)
    if isinstance(outcome, ValidationError):
        found = outcome.errors(include_input=False, include_url=False)
        errors = [InputError(pointer=pointer(("body", "items", index, *e["loc"])), code=e["type"], message=sentence(e)) for e in found]
        refused: Problem = Invalid(errors[0].message)
    else:
        refused = outcome
        errors = [
            InputError(pointer=pointer(("body", "items", index)) + e["pointer"], code=e["code"], message=e["message"])
            for e in refused.extra.get("errors", ())
        ]
    problem = ItemProblem(
        type=f"/problems/{refused.code.replace('_', '-')}",
        title=refused.title,
        detail=refused.detail,
        code=refused.code,
        errors=errors or None,
        unmet=[UnmetOut(**u) for u in refused.extra.get("unmet", ())] or None,
    )
    return BulkItem(index=index, id=None, status=refused.status, problem=problem)
