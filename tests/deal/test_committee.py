"""Whose contacts are on the buying committee of a deal, and which account the deal is with."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.events.deal import DealContactAdded, DealContactRemoved, DealLeadJoined, DealOpened, DealUpdated
from shared.events.party import AccountCreated, ContactAbsorbed, ContactCreated, ContactUpdated
from shared.ids import new_id
from tests.client import allowed, codes, unmet
from tests.deal.sales import ACME, Sales
from tests.deal.test_reactions import converted
from tests.harness import Running

OTHER = new_id()


async def add(sales: Sales, deal: dict[str, Any], contact: UUID, *, expect: int = 201) -> dict[str, Any]:
    body = {"contact_id": str(contact), "committee_role": "champion"}
    return dict(await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/contacts", body, expect=expect))


async def committee(sales: Sales, deal: dict[str, Any]) -> dict[str, str]:
    listed = (await sales.ask("admin", "GET", f"/v1/deals/{deal['id']}/contacts"))["items"]
    return {member["contact_id"]: member["committee_role"] for member in listed}


async def confirm(sales: Sales, deal: dict[str, Any], contact: UUID, *, expect: int = 200) -> dict[str, Any]:
    body = {"needs": "One place for all leads", "confirmed_by": str(contact)}
    return dict(await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/needs-confirmation", body, etag="*", expect=expect))


async def other(sales: Sales) -> UUID:
    await sales.svc.hear(AccountCreated(name="Beta Ltd", owner_id=sales.svc.person("rep", "ann")), OTHER)
    return OTHER


@pytest.mark.parametrize("who", ["nobody", "of another account", "moved away", "merged"])
async def test_only_contacts_of_the_account_are_on_the_committee(sales: Sales, svc: Running, who: str) -> None:
    deal = await sales.deal()
    contact = uuid4() if who == "nobody" else await sales.contact(OTHER if who == "of another account" else ACME)
    if who == "moved away":
        await svc.hear(ContactUpdated(account_id=OTHER, changed=["account_id"]), contact, 2)
    if who == "merged":
        await svc.hear(ContactAbsorbed(account_id=ACME, merge_id=uuid4(), survivor_id=uuid4()), contact, 2)
    refused, unconfirmed = await add(sales, deal, contact, expect=422), await confirm(sales, deal, contact, expect=422)
    assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [("/contact_id", "unknown_contact")]
    assert [(e["pointer"], e["code"]) for e in unconfirmed["errors"]] == [("/confirmed_by", "unknown_contact")]
    assert await committee(sales, deal) == {}
    known = await sales.contact()
    await add(sales, deal, known)
    assert (await confirm(sales, deal, known))["needs_confirmed_by"] == str(known)


async def test_a_contact_who_moves_away_stays_where_they_are(sales: Sales, svc: Running) -> None:
    deal, contact = await sales.deal(), await sales.contact()
    await add(sales, deal, contact)
    await svc.hear(ContactUpdated(account_id=OTHER, changed=["account_id"]), contact, 3)
    await svc.hear(ContactCreated(account_id=ACME), contact, 2)  # what is older changes nothing
    await add(sales, deal, contact)
    await add(sales, await sales.deal(), contact, expect=422)


async def test_the_contact_of_a_lead_comes_to_the_committee_at_its_conversion(sales: Sales, svc: Running) -> None:
    contact = new_id()
    event, lead = converted(svc, contact_ids=[contact]), uuid4()
    for _ in range(2):
        await svc.hear(event, lead)
    deal = {"id": str(event.deal_id)}
    assert await committee(sales, deal) == {str(contact): "influencer"}
    [opened], [added] = await svc.told(DealOpened), await svc.told(DealContactAdded)
    assert (added.subject, added.version, added.time) == (opened.subject, 2, opened.time)
    assert (added.data.contact_id, added.data.decision_maker) == (contact, False)  # type: ignore[attr-defined]
    await confirm(sales, deal, contact)  # lead-svc tells of a new contact when the deal is open: nobody has to wait for it
    await add(sales, deal, contact)
    assert await committee(sales, deal) == {str(contact): "champion"}


async def test_a_deal_shows_what_was_known_of_its_lead(sales: Sales, svc: Running) -> None:
    bant = {"need": "confirmed", "budget": "denied"}
    event, before = converted(svc, bant=bant), converted(svc)
    await svc.hear(event, uuid4())
    await svc.hear(before, uuid4())
    assert (await sales.read({"id": event.deal_id}))["lead_bant"] == bant
    assert (await sales.read({"id": before.deal_id}))["lead_bant"] == {}
    await svc.hear(converted(svc, deal_id=event.deal_id, joins_existing=True, bant={"need": "unknown"}), uuid4())
    assert (await sales.read({"id": event.deal_id}))["lead_bant"] == bant, "a lead that joins is an assist"


async def test_a_lead_that_joins_brings_its_contact_and_leaves_who_is_there(sales: Sales, svc: Running) -> None:
    deal, known, new = await sales.deal(), await sales.contact(), new_id()
    await add(sales, deal, known)
    await svc.hear(converted(svc, deal_id=UUID(deal["id"]), joins_existing=True, contact_ids=[known, new]), uuid4())
    assert await committee(sales, deal) == {str(known): "champion", str(new): "influencer"}
    assert len(await svc.told(DealLeadJoined)) == 1


async def test_the_next_step_comes_after_it_was_agreed(sales: Sales, svc: Running) -> None:
    deal = await sales.deal(at=(svc.clock() - timedelta(days=5)).isoformat())
    path, yesterday = f"/v1/deals/{deal['id']}/next-step", (svc.clock() - timedelta(days=1)).isoformat()
    refused = await sales.ask("rep:ann", "PUT", path, {"what": "Demo", "due_at": yesterday}, etag="*", expect=422)
    assert [(e["pointer"], e["code"]) for e in refused["errors"]] == [("/due_at", "before_act")]
    told_late = {"what": "Demo", "due_at": yesterday, "at": (svc.clock() - timedelta(days=2)).isoformat()}
    assert (await sales.ask("rep:ann", "PUT", path, told_late, etag="*"))["next_step"] == "Demo"


# -- Which account -----------------------------------------------------------------------------------------------------------


async def rehome(sales: Sales, deal: dict[str, Any], who: str = "manager:max", *, to: UUID, expect: int = 200) -> dict[str, Any]:
    path = f"/v1/deals/{deal['id']}/account"
    return dict(await sales.ask(who, "PUT", path, {"account_id": str(to)}, etag="*", expect=expect))


async def test_a_manager_sets_the_account_right_and_its_people_leave(sales: Sales, svc: Running) -> None:
    beta, deal = await other(sales), await sales.deal("manager:max")
    stays, leaves = await sales.contact(), await sales.contact()
    path = f"/v1/deals/{deal['id']}"
    for contact in (stays, leaves):
        body = {"contact_id": str(contact), "committee_role": "champion"}
        await sales.ask("manager:max", "POST", f"{path}/contacts", body, expect=201)
    await sales.ask("manager:max", "POST", f"{path}/needs-confirmation", {"needs": "x", "confirmed_by": str(leaves)}, etag="*")
    await svc.hear(ContactUpdated(account_id=beta, changed=["account_id"]), stays, 2)
    assert "correct_account" in allowed(await sales.read(deal, "manager:max"))
    right = await rehome(sales, deal, to=beta)
    assert (right["account_id"], right["account_name"], right["needs_confirmed_at"] is None) == (str(beta), "Beta Ltd", False)
    assert set(await committee(sales, deal)) == {str(stays)}
    [removed] = await svc.told(DealContactRemoved)
    assert removed.data.contact_id == leaves  # type: ignore[attr-defined]
    [told] = await svc.told(DealUpdated)
    assert isinstance(told.data, DealUpdated)
    assert (told.data.account_id, told.data.changed) == (beta, ["account_id", "account_name"])
    async with svc.db.read() as db:
        assert await db.value("SELECT needs_confirmed_by FROM deal") is None
    again = await rehome(sales, deal, to=beta)
    assert again["version"] == right["version"]


async def test_the_account_is_set_right_by_managers_until_a_quote_was_sent(sales: Sales) -> None:
    beta, deal = await other(sales), await sales.deal()
    await rehome(sales, deal, "rep:ann", to=beta, expect=403)
    unknown = await rehome(sales, deal, to=uuid4(), expect=422)
    assert unknown["errors"][0]["code"] == "unknown_account"
    quote = await sales.quote(deal)
    await rehome(sales, deal, to=beta)
    await rehome(sales, deal, to=ACME)
    await sales.act(quote, "send")
    await sales.act(quote, "withdraw", reason="Wrong account")
    assert codes(await rehome(sales, deal, to=beta, expect=409)) == {"quote_was_sent"}
    assert unmet(await sales.read(deal, "manager:max"), "correct_account") == {"quote_was_sent"}
    assert (await sales.read(deal))["account_id"] == str(ACME)
