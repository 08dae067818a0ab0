"""What happened to a quote: its own events and those of its approval, with who decided and what they said."""

from tests.deal.sales import Sales
from tests.deal.test_approvals import delegate, office, submitted

__all__ = ["office"]  # a fixture


async def test_a_quote_tells_who_decided_what_about_it_and_why(office: Sales) -> None:
    pending = await submitted(office)
    await delegate(office, pending, "manager", "director:dan", "manager:max")
    await office.decide(pending, "manager", "director:dan", "rejected", reason="Two years, or less off")
    told = (await office.ask("rep:ann", "GET", f"/v1/quotes/{pending['id']}/timeline", sort="time"))["items"]
    assert [entry["type"].split(".")[2] for entry in told if entry["type"].startswith("clinch.quote.")] == [
        "created",
        "submitted",
        "approval_requested",
        "approval_delegated",
        "approval_decided",
        "submission_rejected",
    ]
    [decided] = [entry for entry in told if entry["type"] == "clinch.quote.approval_decided.v1"]
    assert decided["actor_id"] == office.id("director:dan")
    assert (decided["data"]["step"], decided["data"]["decision"], decided["data"]["reason"]) == (
        "manager",
        "rejected",
        "Two years, or less off",
    )


async def test_the_history_of_a_deal_has_the_approvals_of_its_quotes_and_a_version_has_its_own_alone(office: Sales) -> None:
    pending = await submitted(office)
    await office.decide(pending, "manager", "manager:max")
    other = await office.act(pending, "revise", expect=201)
    of_deal = (await office.ask("rep:ann", "GET", f"/v1/deals/{pending['deal_id']}/timeline"))["items"]
    assert "clinch.quote.approval_decided.v1" in [entry["type"] for entry in of_deal]
    of_next = (await office.ask("rep:ann", "GET", f"/v1/quotes/{other['id']}/timeline"))["items"]
    assert [(entry["type"], entry["subject"]) for entry in of_next] == [("clinch.quote.created.v1", other["id"])]


async def test_the_history_is_for_those_who_see_the_quote_and_masked_as_it_is(office: Sales) -> None:
    pending = await submitted(office)
    await office.decide(pending, "manager", "manager:max", "rejected", reason="Ask Lin first")
    path = f"/v1/quotes/{pending['id']}/timeline"
    await office.ask("rep:bob", "GET", path, expect=404)
    assert "Ask Lin first" in str(await office.ask("manager:max", "GET", path))
    assert "Ask Lin first" not in str(await office.ask("auditor", "GET", path))
