"""What two spellings of one name have in common, and what tells two names apart."""

import pytest

from shared.parties.references import made_id
from shared.spelling import SOURCES, compared, compared_key, normal_by, normal_source, searched, tidy, with_source


@pytest.mark.parametrize(
    "others",
    [
        ("Caf\u00e9 Z\u00fcrich", "Cafe\u0301 Zu\u0308rich", "caf\u00e9  z\u00fcrich ", "CAF\u00c9\u00a0Z\u00dcRICH", "Café\u3000Zürich"),
        ("ACME Corp", "ACME  Corp", "Acme Corp", "Acme Corp ", "acme corp", "\uff21\uff23\uff2d\uff25 Corp", "\ufeffACME Co\u00adrp"),
        ("Stra\u00dfe", "STRASSE", "strasse"),
        ("红灯笼食品", "红灯笼食品 ", "\u3000红灯笼食品"),
    ],
)
def test_spellings_of_one_name_are_one(others: tuple[str, ...]) -> None:
    assert len({compared(text) for text in others}) == 1
    assert len({made_id("account", text) for text in others}) == 1


def test_names_that_differ_in_a_letter_stay_apart() -> None:
    assert len({compared(t) for t in ("Café", "Cafe", "ACME", "ACME Corp", "A.C.M.E.", "\u0130stanbul", "100% sure", "1000 sure")}) == 8


def test_an_id_that_a_system_has_drawn_is_compared_letter_by_letter() -> None:
    assert compared_key("0015g00000ABCdE") != compared_key("0015g00000AbCdE")
    assert compared_key("CRM-17") == compared_key("crm-17")
    assert compared_key(" Anna.Berg ") == "anna.berg"


def test_a_name_is_shown_composed_and_with_single_blanks() -> None:
    assert tidy(" Cafe\u0301 \u00a0 Zürich ") == "Caf\u00e9 Zürich"
    assert tidy("\uff21\uff23\uff2d\uff25") == "\uff21\uff23\uff2d\uff25"
    assert searched("\uff21\uff23\uff2d\uff25  x") == "ACME x"


def test_comparing_twice_changes_nothing() -> None:
    for text in ("Stra\u00dfe", "\u0130stanbul", "ﬁrm", "Ⅷ", "㈱日本", "Trade Show", "\u1e9e"):
        assert compared(compared(text)) == compared(text)
        assert normal_source(normal_source(text) or "") == normal_source(text)


def test_sources_are_read_by_the_names_and_spellings_of_a_policy() -> None:
    normal = normal_by((*SOURCES, "webinar_series"), (("线上讲座", "webinar_series"), ("Word-of Mouth", "customer_referral")))
    for text in ("Webinar Series", "WEBINAR-SERIES", "线上讲座 "):
        assert normal(text) == "webinar_series"
        assert normal(normal(text) or "") == "webinar_series"
    assert normal("word of mouth") == "customer_referral"
    assert (normal("Paid Search"), normal("  ")) == ("paid search", None)
    assert normal_by(SOURCES) is normal_source  # made once for each list


def test_what_is_said_without_a_source_stays_as_it_is() -> None:
    for said in ({"company": "Acme"}, {"source": None}, {"source": "seo"}):
        assert with_source(said, normal_source) is said
    assert with_source({"source": "SEO", "company": "Acme"}, normal_source) == {"source": "seo", "company": "Acme"}
