"""The company's document: its calendar and its words. lead-svc owns it, every service keeps a copy."""

import re
from datetime import date, time
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Self
from zoneinfo import ZoneInfo

from pydantic import ValidationInfo, field_validator, model_validator

from shared.attachments.types import TYPES, known_types
from shared.errors import Invalid
from shared.policy.document import Document, Part, Policy, value
from shared.spelling import SOURCES, Normal, normal_by, source_key

if TYPE_CHECKING:
    from shared.db.tx import Reader
    from shared.process.settings import Settings


class DayKind(StrEnum):
    """What somebody has made of a day, whatever the calendar of the country says."""

    HOLIDAY = "holiday"
    WORKING = "working"


class Weekday(StrEnum):
    """A day of the week."""

    MONDAY = "monday"
    TUESDAY = "tuesday"
    WEDNESDAY = "wednesday"
    THURSDAY = "thursday"
    FRIDAY = "friday"
    SATURDAY = "saturday"
    SUNDAY = "sunday"


class WorkingHours(Part):
    """A part of the working day."""

    begins: time = value(time(9), "From", "开始", "When it begins, where the company is.")
    ends: time = value(time(18), "To", "结束", "When it ends, where the company is.")

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.begins.tzinfo or self.ends.tzinfo or self.begins >= self.ends:
            raise ValueError("it must end after it begins, on the same day; write for example 09:00 and 18:00")
        return self


class WorkingTime(Part):
    """When work is done in a week, by the clock of a place."""

    week: tuple[Weekday, ...] = value(
        tuple(Weekday)[:5], "Working days", "工作日", "The days of the week on which work is done.", min_length=1, max_length=7
    )
    hours: tuple[WorkingHours, ...] = value(
        (WorkingHours(),), "Working hours", "工作时间", "When work is done on a working day, in order.", min_length=1, max_length=6
    )
    zone: str = value("UTC", "Time zone", "时区", "The zone whose clock counts.")

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise ValueError("not an IANA time zone; write for example Asia/Shanghai") from None
        return zone

    @field_validator("week")
    @classmethod
    def _each_once(cls, week: tuple[Weekday, ...]) -> tuple[Weekday, ...]:
        if len(set(week)) < len(week):
            raise ValueError("name each day of the week once")
        return tuple(day for day in Weekday if day in week)

    @field_validator("hours")
    @classmethod
    def _in_order(cls, hours: tuple[WorkingHours, ...]) -> tuple[WorkingHours, ...]:
        if any(later.begins < earlier.ends for earlier, later in pairwise(hours)):
            raise ValueError("the hours must be in order and apart")
        return hours


class Letterhead(Part):
    """Who the company is, as its documents tell customers. Of a text that is empty in Chinese, the English one is printed."""

    name: str = value("", "Name", "名称", "The company's name; empty to print no seller.", max_length=200)
    name_zh: str = value("", "Name in Chinese", "中文名称", "In documents in Chinese.", max_length=200)
    address: str = value("", "Address", "地址", "Where the company is.", max_length=500)
    address_zh: str = value("", "Address in Chinese", "中文地址", "In documents in Chinese.", max_length=500)
    contact: str = value("", "Contact", "联系方式", "How to reach the company: telephone, mail.", max_length=200)
    tax_number: str = value("", "Tax number", "税号", "The company's tax number.", max_length=60)

    def of(self, language: str) -> dict[str, str]:
        """What a document in this language prints."""
        chinese = language == "zh"
        return {
            "name": (chinese and self.name_zh) or self.name,
            "address": (chinese and self.address_zh) or self.address,
            "contact": self.contact,
            "tax_number": self.tax_number,
        }


class AttachmentRules(Part):
    """Which files can be attached to leads, deals and contracts."""

    megabytes: int = value(20, "Largest attachment", "附件大小上限", "Megabytes that a file may have.", ge=1, le=100)
    types: tuple[str, ...] = value(
        tuple(TYPES), "Kinds of attachments", "附件类型", "By the end of the file's name, for example pdf.", max_length=len(TYPES)
    )

    @field_validator("types")
    @classmethod
    def _known(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        return known_types(types)


class CompanyPolicy(WorkingTime, Document):
    """Where and when the company works, and the words that it uses."""

    country: str = value(
        "",
        "Country of the calendar",
        "日历所属国家",
        "Whose public holidays and make-up working days count: two letters of ISO 3166, for example CN; empty for none.",
    )
    overrides: dict[date, DayKind] = value(
        {}, "Days that differ", "特殊日期", "Days that are holidays or working days whatever the country's calendar says."
    )
    zone: str = value("UTC", "Time zone", "时区", "The zone that the data are kept in; `clinch rezone` changes it together with them.")
    letterhead: Letterhead = value(Letterhead(), "Letterhead", "公司抬头", "Who the company is, as its documents tell customers.")
    attachments: AttachmentRules = value(AttachmentRules(), "Attachments", "附件", "Which files can be attached to records.")
    history_days: int = value(
        90,
        "Days until history",
        "历史界限天数",
        "What is told of a longer time ago starts no deadline, task or reminder, unless it is asked for.",
        ge=1,
        le=3650,
    )
    backdate_days: int = value(
        30,
        "Days of back-dating",
        "可补录天数",
        "How many days ago everybody may say that something happened. Further back is for managers and sales operations, and is flagged.",
        ge=0,
        le=36500,
    )
    sources: tuple[str, ...] = value(
        SOURCES,
        "Sources of leads",
        "线索来源",
        "The sources with a name of ours, in any case and with blanks or dashes too. Any other text is a source as well. "
        "It counts for leads and deals from now on: what is stored keeps its source.",
        min_length=1,
        max_length=200,
    )
    source_spellings: dict[str, str] = value(
        {},
        "Spellings of sources",
        "线索来源别名",
        "Other texts that mean one of these sources, for example Messe: trade_show.",
        max_length=1000,
    )

    @field_validator("country")
    @classmethod
    def _two_letters(cls, country: str) -> str:
        if not re.fullmatch(r"([A-Z]{2})?", country):
            raise ValueError("write the two capital letters of the country, for example CN, or nothing for no public holidays")
        return country

    @field_validator("sources")
    @classmethod
    def _plain_names(cls, sources: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(sources)) < len(sources) or not all(re.fullmatch(r"[a-z][a-z0-9_]{1,59}", name) for name in sources):
            raise ValueError("name each source once, in small letters, digits and underscores, for example trade_show")
        return sources

    @field_validator("source_spellings")
    @classmethod
    def _of_known_sources(cls, spellings: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        names = info.data.get("sources")
        if names is None:  # which is told already
            return spellings
        keys = [source_key(text) for text in spellings]
        for text, key, name in zip(spellings, keys, spellings.values(), strict=True):
            if name not in names:
                raise ValueError(f"{text} means {name}, which is not among the sources")
            if not key or len(text) > 80 or key in names or keys.count(key) > 1:
                raise ValueError(f"write each text once, in up to 80 characters, and no name of a source: {text}")
        return spellings

    @property
    def normal_source(self) -> Normal:
        """How a source is written, by this document."""
        return normal_by(self.sources, tuple(self.source_spellings.items()))


def _same_zone(document: CompanyPolicy, settings: "Settings") -> None:
    """The zone is that of the data. Raises `Invalid`."""
    if document.zone != settings.time_zone:
        says = f"The data are kept in {settings.time_zone}: `clinch rezone --time-zone {document.zone}` changes them, and this with them."
        raise Invalid(says, pointer="/document/zone", code="zone_of_the_data")


COMPANY_POLICY = Policy(
    "lead-svc",
    CompanyPolicy,
    check=_same_zone,
    align=lambda document, settings: document.model_copy(update={"zone": settings.time_zone}),
    name="company",
)


def sources_of(db: "Reader") -> Normal:
    """How a source is written, by the active document."""
    return db.policy(COMPANY_POLICY).normal_source
