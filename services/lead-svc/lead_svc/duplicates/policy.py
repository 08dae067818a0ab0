"""The numbers, lists and switches by which leads, accounts and contacts are compared."""

from typing import Annotated, Self

from phonenumbers import SUPPORTED_REGIONS
from pydantic import AfterValidator, StringConstraints, model_validator

from lead_svc.duplicates.record import Match
from shared.policy.document import Document, Part, Policy, value
from shared.spelling import compared

_FREE_MAIL = (
    "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "live.com", "msn.com", "yahoo.com", "icloud.com", "me.com", "aol.com",
    "proton.me", "protonmail.com", "gmx.de", "gmx.net", "web.de", "t-online.de", "mail.ru", "yandex.ru", "qq.com", "foxmail.com",
    "163.com", "126.com", "yeah.net", "sina.com", "sina.cn", "sohu.com", "aliyun.com", "139.com", "189.cn",
)  # fmt: skip
_LEGAL_FORMS = (
    "ltd", "limited", "inc", "incorporated", "corp", "corporation", "co", "company", "llc", "llp", "lp", "plc", "pty", "gmbh", "ag", "kg",
    "kgaa", "ohg", "gbr", "ug", "ev", "se", "sa", "sas", "sarl", "srl", "spa", "bv", "nv", "ab", "as", "oy", "oyj", "aps", "doo", "sro",
    "sp z oo", "kk", "pte", "sdn bhd", "bhd", "pvt", "ооо", "ао", "пао",
    "股份有限公司", "有限责任公司", "有限公司", "股份公司", "集团", "公司", "株式会社", "有限会社", "주식회사",
)  # fmt: skip

Region = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Word = Annotated[str, StringConstraints(min_length=1, max_length=40), AfterValidator(compared)]


class _Weights(Part):
    def by_match(self) -> dict[Match, int]:
        return {match: getattr(self, match) for match in Match if match in type(self).model_fields}


class Weights(_Weights):
    """What each thing that two leads or two contacts have in common counts for; 100 and more is 100."""

    email: int = value(100, "E-mail", "邮箱相同", "The same address.", ge=0, le=100)
    phone: int = value(60, "Phone", "电话相同", "The same number, however it is written.", ge=0, le=100)
    name: int = value(40, "Name", "姓名相近", "The same name of the person, or nearly so.", ge=0, le=100)
    company: int = value(15, "Company", "公司相近", "The same company, or nearly so.", ge=0, le=100)
    domain: int = value(10, "Domain", "域名相同", "Addresses of the same domain; never one of free mail.", ge=0, le=100)


class AccountWeights(_Weights):
    """What each thing that two accounts have in common counts for; 100 and more is 100."""

    company: int = value(60, "Name", "公司相近", "The same name without the legal form, or nearly so.", ge=0, le=100)
    domain: int = value(35, "Domain", "域名相同", "Contacts with addresses of the same domain; never one of free mail.", ge=0, le=100)
    email: int = value(20, "E-mail", "联系人邮箱相同", "Contacts with the same address.", ge=0, le=100)
    phone: int = value(20, "Phone", "联系人电话相同", "Contacts with the same number, as of a switchboard.", ge=0, le=100)


class DuplicatePolicy(Document):
    """How leads, accounts and contacts are compared when they are entered, imported or changed."""

    compares: bool = value(
        False, "Compare records", "查重", "Whether leads, accounts and contacts are compared, and a certain duplicate stops a conversion."
    )
    weights: Weights = value(Weights(), "Weights", "权重", "What each thing in common counts for, of leads and contacts.")
    account_weights: AccountWeights = value(
        AccountWeights(), "Weights of accounts", "客户权重", "What each thing in common counts for, of accounts."
    )
    certain: int = value(90, "Certain from", "确定重复分数", "From this sum on two records are certainly the same.", ge=1, le=100)
    likely: int = value(50, "Likely from", "疑似重复分数", "From this sum on two records are likely the same.", ge=1, le=100)
    name_similarity: int = value(85, "Similar names", "姓名相似度", "How similar names must be, 100 for the same letters.", ge=50, le=100)
    company_similarity: int = value(
        88, "Similar companies", "公司相似度", "How similar companies must be, without legal form and punctuation.", ge=50, le=100
    )
    least_letters: int = value(
        5, "Letters for similarity", "相似度最短字数", "A name of fewer letters must be exactly the same.", ge=2, le=40
    )
    phone_region: Region = value("CN", "Region of numbers", "电话默认地区", "Where a number without the code of a country is from.")
    free_mail: tuple[Word, ...] = value(_FREE_MAIL, "Free mail", "免费邮箱域名", "Domains that say nothing of a company.", max_length=1000)
    legal_forms: tuple[Word, ...] = value(
        _LEGAL_FORMS, "Legal forms", "公司后缀", "What ends the name of a company and is not part of it.", max_length=1000
    )

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if self.phone_region not in SUPPORTED_REGIONS:
            raise ValueError(f"no numbers are known of the region {self.phone_region}")
        if self.likely > self.certain:
            raise ValueError("likely must not be above certain")
        if self.weights.company + self.weights.domain >= self.likely:
            raise ValueError("company and domain together must stay below likely: colleagues are not duplicates")
        if self.weights.name >= self.likely:
            raise ValueError("name alone must stay below likely: two people can have one name")
        if self.account_weights.domain >= self.likely:
            raise ValueError("the domain alone must stay below likely for accounts: companies of one group share it")
        return self


POLICY = Policy("lead-svc", DuplicatePolicy, name="duplicates")
