"""A quote as its customer sees it: the document in both languages, and a link to it."""

from clinch.demo.calls import Hand, Refused
from clinch.demo.story import Deal, Linked

LANGUAGES = ("zh", "en")


async def show(hand: Hand, deal: Deal, quote_id: str, link: Linked) -> None:
    """Make the document and a link to it, which the customer opens, accepts by, or which is revoked.

    Without Typst there is none of it: whoever accepts says so on the telephone.
    """
    path, owner = f"/v1/quotes/{quote_id}", deal.owner
    try:
        if link == "opened":
            for language in LANGUAGES:
                await hand.read(owner, f"{path}/document", lang=language)
        made = await hand.post(owner, f"{path}/links", language=LANGUAGES[0])
    except Refused as refused:
        if refused.code != "documents_not_installed":
            raise
        if link == "accepted":
            await hand.post(owner, f"{path}/accept")
        return
    if link == "opened":
        await hand.read(None, made["path"])
    elif link == "accepted":
        await hand.say_yes(made["path"], name=deal.name.partition(":")[0])
    else:
        await hand.post(owner, f"{path}/links/revoke")
