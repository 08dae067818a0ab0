"""How names are compared: by what they say, whatever the bytes, the case, the width or the blanks.

Pure.

Other systems name accounts, people and sources by text. "ACME  Corp", "acme corp" and its full-width form are one name.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

SOURCES = (
    # The seven families ...
    "event", "content", "online_ads", "partner_referral", "customer_referral", "social", "cold_outreach",
    # ... and what they are made of.
    "industry_platform", "seo", "sem", "kol_community", "trade_show", "cross_industry_partner", "employee_network", "dormant_pool",
)  # fmt: skip
"""The sources that the company's policy begins with. Any other text is a source too: other systems bring their own."""

Normal = Callable[[str], str | None]
"""Gives the one form of a source, however it is written; None when it is empty."""

_INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\ufeff"))
"""Soft hyphen, blank of no width and byte order mark: nobody sees them, so they tell no two names apart."""
_BLANKS = re.compile(r"\s{2,}|[^\S\u3000]")
_OPAQUE = re.compile(r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=[^0-9]*[0-9])[0-9A-Za-z_]{10,}")
"""Ids that a system has drawn, for example Salesforce's: there the case of a letter tells two records apart."""


def tidy(text: str) -> str:
    """The text as it is shown: composed characters, one blank where there were several, none at the ends.

    The wide blank of Chinese and Japanese stays where it stands alone.
    """
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", text).strip())


def searched(text: str) -> str:
    """The text as lists look for it: in a form that each spelling can be brought to, blanks as in `tidy`."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def compared(text: str) -> str:
    """What two spellings of one name have in common."""
    wide = unicodedata.normalize("NFKC", text.translate(_INVISIBLE))
    return " ".join(unicodedata.normalize("NFKC", wide.casefold()).split())


def compared_key(key: str) -> str:
    """The same for a key, which may also be an opaque id: then every letter counts as it is written."""
    plain = key.strip()
    return plain if _OPAQUE.fullmatch(plain) else compared(key) or key


def source_key(text: str) -> str:
    """What the spellings of one source have in common: "Trade Show", "trade-show" and "trade_show"."""
    return compared(text).replace(" ", "_").replace("-", "_")


@lru_cache(maxsize=16)
def normal_by(names: tuple[str, ...], spellings: tuple[tuple[str, str], ...] = ()) -> Normal:
    """How these sources and other spellings of them are understood: made once for each version of the document that says them."""
    known = {source_key(text): name for text, name in spellings} | {name: name for name in names}

    @lru_cache(maxsize=4096)
    def normal(text: str) -> str | None:
        return known.get(source_key(text)) or compared(text) or None

    return normal


normal_source = normal_by(SOURCES)
"""By the sources that the policy begins with: for what was told or stored before there were policies, and is read again."""


def with_source(said: Mapping[str, Any], normal: Normal) -> Mapping[str, Any]:
    """What is said of a record, its source in the one form."""
    source = said.get("source")
    return said if source is None or (form := normal(source)) == source else {**said, "source": form}
