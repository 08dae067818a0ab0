"""How texts are cut, compared and put in order, without a database."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from lead_svc.index.rules import asked, by_place, hit, line, pieces, text

WORDS = st.text(st.sampled_from("abc 上海科技Äß._%\\"), min_size=1, max_size=8).filter(str.strip)


@given(st.lists(WORDS, min_size=1, max_size=3), WORDS)
def test_what_has_the_words_has_all_their_pieces(values: list[str], q: str) -> None:
    """So no record is missed because the pieces leave it out."""
    said = text({str(n): value for n, value in enumerate(values)})
    question = asked(q)
    if all(word in said for word in question.words):
        assert set(question.pieces) <= set(pieces(said))


def test_pieces_of_other_characters_are_other_numbers() -> None:
    letters = "上海科技有限公司华讯"
    assert len({pieces(a + b)[0] for a, b in product(letters, letters)}) == len(letters) ** 2
    latin = "abcxyz09ä"
    assert len({pieces(a + b + c)[0] for a, b, c in product(latin, latin, latin)}) == len(latin) ** 3
    assert all(-(2**31) <= piece < 2**31 for piece in pieces("".join(letters) + "\U0001f600\U0010ffff"))


def test_pieces_do_not_reach_from_one_value_into_the_next() -> None:
    assert set(pieces(text({"title": "ab", "company": "cd"}))) == set(pieces(" ab", " cd"))


def test_case_width_and_blanks_do_not_count() -> None:
    assert asked("ＡＣＭＥ   Ltd").words == ("acme", "ltd")
    assert line("company", "ACME  Ltd") == " acme ltd"
    assert line("company", None) == line("company", "") == ""


def test_a_word_of_one_character_is_looked_for_where_words_begin() -> None:
    assert asked("a acme 上").words == (" a", "acme", " 上")
    assert asked("ab 上海 c4").words == (" ab", "上海", " c4"), "and one of two letters or digits"


def test_signs_that_mean_something_to_like_are_looked_for_themselves() -> None:
    assert asked("100%_\\").patterns == ["%100\\%\\_\\\\%"]


def test_a_number_is_found_with_and_without_its_blanks() -> None:
    said = line("phone", "+49 (30) 123-45")
    assert "(30) 123-45" in said
    assert "+493012345" in said
    assert "+" not in line("phone", "030 123").strip()


def test_the_same_comes_before_what_begins_so_before_words_before_the_rest() -> None:
    values = ["Delights", "Northern Lights", "Lights of Rome", "Lights", "Rome of Lights and more"]
    hits = [hit(text({"title": value}), asked("lights")) for value in values]
    assert [one.place for one in hits] == [3, 2, 1, 0, 2]
    assert by_place(hits) == [3, 2, 1, 4, 0], "those that are as good stay in their order"


def test_a_hit_names_the_values_that_have_a_word_the_best_first() -> None:
    said = text({"title": "CRM for Acme", "company": "Acme", "external_id": "web-1"})
    assert hit(said, asked("acme")).lines == (1, 0)
    assert hit(said, asked("acme web")).lines == (0, 1, 2)
