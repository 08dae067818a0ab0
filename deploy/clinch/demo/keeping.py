"""What people keep beside the records: a view that a manager shares with their team, and files of a deal and of a lead."""

from clinch.demo import staff
from clinch.demo.calls import Calls, Hand, answer_of
from clinch.demo.story import Plan

VIEW = "Hot leads of the team"
FILES = (
    ("deals", "opened_at", "notes-from-the-workshop.txt", "Who was there, what they want to see next, and what they would pay for it.\n"),
    ("leads", "captured_at", "card-from-the-fair.txt", "Back of the card: call after the holidays, ask for the plant in the south.\n"),
)
"""Each of the oldest record of a seller: kind, by which time it is the oldest, name and text."""


async def keep(plan: Plan, calls: Calls) -> None:
    """Save the view, and attach the files. Done again, it changes nothing."""
    manager, seller = staff.boss_of("dev-rep"), "dev-rep"
    shared = {"kind": "leads", "name": VIEW, "filters": {"grade": "A,B", "state": "captured,mql,sql"}, "sort": "-score"}
    known = (await calls.get("/v1/views", by=manager, kind="leads"))["items"]
    if all(view["name"] != VIEW for view in known):
        team = (await calls.get("/v1/team/people/me", by=manager))["team_id"]
        await Hand(calls, f"{plan.key}/view").post(manager, "/v1/views", **shared, team_id=team)
    for kind, oldest, name, text in FILES:
        [record] = (await calls.get(f"/v1/{kind}", by=seller, owner_id="me", sort=oldest, limit=1))["items"]
        path = f"/v1/{kind}/{record['id']}/attachments"
        sent = await calls.send("POST", path, by=seller, media_type="text/plain", params={"name": name}, content=text.encode())
        answer_of(sent, seller)
