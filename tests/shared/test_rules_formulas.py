"""What a spreadsheet would calculate leaves as a text, and comes back as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.formulas import defused, restored


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "=" + "x" * 5000, "'=1"])
def test_what_begins_like_a_formula_is_a_text(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "-12.5", "+4930123456", "O'Hara", "'quoted'", "a=b"])
def test_numbers_phones_and_other_texts_stay_as_they_are(text: str) -> None:
    assert defused(text) == text


@given(st.text(alphabet="'=+-@\t\ra1.") | st.text())
def test_it_comes_back_as_it_was(text: str) -> None:
    assert restored(defused(text)) == text
