"""Texts that a spreadsheet would take for a formula leave with an apostrophe before them, and our own imports take it off again."""

import re

_LIKE_A_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_NUMBER_OR_PHONE = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?|\+[1-9][0-9]{1,14}")
_MARKED = re.compile(r"''*[=+\-@\t\r]")


def defused(text: str) -> str:
    """A text as it may stand in a CSV file; numbers and E.164 telephone numbers stay as they are."""
    if text[:1] not in "=+-@\t\r'" or not _LIKE_A_FORMULA.match(text) or _NUMBER_OR_PHONE.fullmatch(text):
        return text
    return f"'{text}"


def restored(text: str) -> str:
    """What `defused` was given."""
    return text[1:] if text[:1] == "'" and _MARKED.match(text) else text
