"""What deal-svc tells of the templates of quotes' documents. Texts and images are read from them; no event has them."""

from shared.events.catalog import CatalogEvent


class QuoteTemplateEvent(CatalogEvent):
    """A version of a template. `logo`: SHA-256 of its image."""

    name: str
    revision: int
    channel: str | None = None
    languages: list[str]
    logo: str | None = None


class QuoteTemplateDrafted(QuoteTemplateEvent, type="quote_template.drafted"):
    pass


class QuoteTemplateChanged(QuoteTemplateEvent, type="quote_template.changed"):
    """A draft was changed."""


class QuoteTemplateActivated(QuoteTemplateEvent, type="quote_template.activated"):
    """Documents of quotes that are sent from now on are made with it."""


class QuoteTemplateRetired(QuoteTemplateEvent, type="quote_template.retired"):
    """No quote is sent with it any more."""
