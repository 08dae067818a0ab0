"""Who a route is for, as its act says."""

from typing import Any

from fastapi import Depends

from shared.acts import Act
from shared.auth import CurrentActor


def permitted(act: Act[Any, Any]) -> Any:
    """A dependency that lets only those pass who may ever do this: for reads, and for what is made.

    Where there is a record, the act's `check` asks the same and more.
    """

    async def permit(actor: CurrentActor) -> None:
        act.permit(actor)

    return Depends(permit)
