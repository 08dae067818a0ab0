"""Days, times and amounts come as texts, as the documents say, although pydantic would also take numbers."""

from typing import Annotated, Any

from pydantic import AwareDatetime, BeforeValidator


def _no_number(value: Any) -> Any:
    if isinstance(value, int | float):
        raise ValueError("write it as a text, in quotes")
    return value


AsText = BeforeValidator(_no_number)
"""A number could be seconds or milliseconds since 1970, or an amount that has lost its last digits."""
Time = Annotated[AwareDatetime, AsText]
