"""Amounts and addresses come as texts, as the documents say, although pydantic would also take numbers."""

from typing import Any

from pydantic import BeforeValidator


def _no_number(value: Any) -> Any:
    if isinstance(value, int | float):
        raise ValueError("Write it as a text, in quotes.")
    return value


AsText = BeforeValidator(_no_number)
"""A number could be an amount that has lost its last digits."""
