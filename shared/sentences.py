"""What is wrong with a value, in plain words: pydantic's own speak of inputs, instances and patterns.

Bodies, query parameters, bulk rows and files of imports all say it through `sentence`.
"""

from collections.abc import Mapping
from typing import Any, get_args

from pydantic import StringConstraints
from pydantic_core.core_schema import ErrorType

_CORE = frozenset(get_args(ErrorType))
"""Codes of pydantic's own errors. All others are ours, with words of ours."""

_SAYS = {
    "missing": "This is needed.",
    "extra_forbidden": "There is no field of this name here.",
    "string_type": "Write a text, in quotes.",
    "string_unicode": "Write a text of whole Unicode characters; this one holds half of a pair.",
    "string_too_short": "Write at least {min_length} characters.",
    "string_too_long": "Write at most {max_length} characters.",
    "string_pattern_mismatch": "Write it in the form that the documentation shows.",
    "int_type": "Write a whole number.",
    "int_parsing": "Write a whole number.",
    "int_parsing_size": "Write a whole number of fewer digits.",
    "int_from_float": "Write a whole number.",
    "float_type": "Write a number.",
    "float_parsing": "Write a number.",
    "finite_number": "Write a number that is finite.",
    "bool_type": "Write true or false.",
    "bool_parsing": "Write true or false.",
    "greater_than": "Write a number above {gt}.",
    "greater_than_equal": "Write a number from {ge} up.",
    "less_than": "Write a number below {lt}.",
    "less_than_equal": "Write a number up to {le}.",
    "decimal_max_digits": "Write at most {max_digits} digits.",
    "decimal_max_places": "Write at most {decimal_places} digits after the point.",
    "decimal_whole_digits": "Write at most {whole_digits} digits before the point.",
    "enum": "Write one of {expected}.",
    "literal_error": "Write one of {expected}.",
    "uuid_type": "Write an id: a UUID, in quotes.",
    "uuid_parsing": "Write an id: a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057.",
    "list_type": "Write a list: [ ... ].",
    "too_short": "List at least {min_length}.",
    "too_long": "List at most {max_length}.",
    "dict_type": "Write an object with named fields: {{ ... }}.",
    "model_type": "Write an object with named fields: {{ ... }}.",
    "model_attributes_type": "Write an object with named fields: {{ ... }}.",
    "url_type": "Write a web address, in quotes.",
    "url_parsing": "Write a whole web address, for example https://erp.example/hooks.",
    "url_syntax_violation": "Write a whole web address, for example https://erp.example/hooks.",
    "url_scheme": "Write a web address that begins with {expected_schemes}.",
    "url_too_long": "Write a web address of at most {max_length} characters.",
}
_OTHERWISE = "Nothing like this is taken here; the documentation shows what is."

_FORMS: dict[str, str] = {}


def written(pattern: str, says: str) -> StringConstraints:
    """A text in a form that `pattern` describes for programs and `says` for people."""
    _FORMS[pattern] = says
    return StringConstraints(pattern=pattern)


def sentence(error: Mapping[str, Any]) -> str:
    """What to tell about one of pydantic's `errors()`. Never what was sent."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind not in _CORE:
        return str(error["msg"])
    if kind == "string_pattern_mismatch" and (says := _FORMS.get(context["pattern"])):
        return says
    if kind == "string_too_short" and context["min_length"] == 1:
        return "This is empty; write something."
    return _SAYS.get(kind, _OTHERWISE).format_map(context)
