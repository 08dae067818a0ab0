"""Something to ask for in each service: rows in several states, and their ids by the names that the paths give them.

A value under `operation_id.name` is for that operation alone: a row in the state that it asks for, and that no other request changes.
"""

from dataclasses import replace
from typing import Any

from lead_svc.dormant.jobs import step
from lead_svc.forms.policy import POLICY as FORMS
from lead_svc.forms.policy import FormPolicy
from metrics_svc.notifications.courier import COURIER as NOTIFIER
from shared.auth import SYSTEM
from shared.auth.actor import OWNERS
from shared.db.context import Context
from shared.events.party import AccountCreated
from shared.events.team import PersonAdded
from shared.ids import external_id
from shared.policy.parts import Requests
from shared.policy.store import begin
from tests.api.hosted import ANYBODY
from tests.client import done
from tests.contract.office import Office
from tests.deal.sales import ACME, Sales
from tests.harness import Running
from tests.lead.desk import WHO, Desk
from tests.metrics.endpoints import Webhooks
from tests.metrics.test_worklist import Review
from tests.metrics.told import Contract, Deal, FollowUp, Lead, Story, events_of, hear, on

Values = dict[str, list[Any]]
FILE = {"content": b"%PDF-1.7 an offer", "params": {"name": "offer.pdf"}, "headers": {"Content-Type": "application/pdf"}}
NOBODY = "http://127.0.0.1:65535/hooks"
"""Where no receiver listens, so that a ping reaches nobody."""
CSV = "external_id,company\nL-1,Acme\nL-2,\n"
SPEND_CSV = "external_id,campaign,starts_on,amount,currency\nB-1,Expo,2026-01-07,90,CNY\n"
ALIKE = ("Grey Heron", "White Pine")
RATES_CSV = "day,currency,rate,source\n2026-01-07,USD,7.1,bank\n"


async def attached(svc: Running, record: str, id: str) -> Values:
    """A file of one record of this kind: one to read, and one to remove."""
    async with svc.client() as admin:
        params = [{"name": f"{n}.pdf"} for n in range(2)]
        made = [done(await admin.post(f"/v1/{record}s/{id}/attachments", **FILE | {"params": named}), 201)["id"] for named in params]
    return {
        f"{name}_{record}_attachment.{part}": [value]
        for name, file in (("get", made[0]), ("remove", made[1]))
        for part, value in ((f"{record}_id", id), ("attachment_id", file))
    }


async def asked_in_bulk(svc: Running, record: str, act: str, **body: Any) -> Values:
    """Two jobs of this act: one to read, and one to cancel."""
    async with svc.client() as admin:
        path = f"/v1/{record}s/bulk-{act}"
        jobs = [done(await admin.post(path, json=body, headers={"Idempotency-Key": f"{act}-{n}"}), 202)["id"] for n in range(2)]
    return {"job_id": jobs[:1], f"cancel_{record}_bulk_job.job_id": jobs[1:]}


async def leads(svc: Running) -> Values:
    desk = Desk(svc)
    await desk.hire()
    made = [await desk.lead(**WHO), await desk.lead(company="Red Lantern", email="lin@example.com"), await desk.qualifiable()]
    made += [await desk.sql(company="Blue River"), await desk.sql(company="Green Hill")]
    await desk.act(made[1], "nurture", reason="no budget now", wake_at="2026-06-01T00:00:00Z")
    await desk.act(made[3], "convert", amount={"amount": "1000", "currency": "CNY"})
    admin = desk.by("admin")
    job = done(await admin.post("/v1/imports/leads", params={"map": ["external_id=external_id", "company=company"]}, content=CSV), 202)
    rate = {"day": "2026-01-05", "currency": "USD", "rate": "7.1", "source": "bank"}
    rates = [done(await admin.post("/v1/rates", json=rate | {"day": day}), 201)["id"] for day in ("2026-01-05", "2026-01-06")]
    told = {"map": [f"{name}={name}" for name in rate]}
    rates_job = done(await admin.post("/v1/imports/rates", params=told, content=RATES_CSV), 202)["id"]
    campaign = done(await admin.post("/v1/campaigns", json={"name": "Expo"}), 201)
    drives = [done(await admin.post(f"/v1/campaigns/{campaign['id']}/drives", json={}), 202)["id"] for _ in range(3)]
    while await step(svc.db, svc.clock):
        pass
    spent = {"starts_on": "2026-01-05", "amount": {"amount": "90", "currency": "CNY"}}
    spends = [done(await admin.post(f"/v1/campaigns/{campaign['id']}/spend", json=spent), 201)["id"] for _ in range(2)]
    named = {"map": [f"{name}={name}" for name in SPEND_CSV.split("\n")[0].split(",")]}
    spend_job = done(await admin.post("/v1/imports/spend", params=named, content=SPEND_CSV), 202)["id"]
    # Random requests all come from one address: with its limit reached, nothing more would be asked of the form.
    unlimited = FormPolicy(submissions=Requests(per_minute=0), requests=Requests(per_minute=0))
    await begin(svc.db, [replace(FORMS, begins=lambda _: unlimited)], Context("lead-svc", SYSTEM, svc.clock(), "test"))
    svc.db.policies.forget()
    form = {"name": "Talk to us", "fields": [{"name": "email", "label": "E-mail", "lead_field": "email", "required": True}], "trap": "more"}
    keys = ("contact-us", "held-back", "closed", "to-close")
    for key in keys:
        done(await admin.post("/v1/forms", json=form | {"key": key}), 201)
    async with svc.client() as anybody:
        for n in range(2):
            sent = {"email": f"anna{n}@acme.example", "more": "links"}
            done(await anybody.post("/v1/forms/held-back", json=sent), 202)
    held = ids(done(await admin.get("/v1/forms/held-back/submissions"), 200)["items"])
    done(await admin.post("/v1/forms/closed/switch-off", headers={"If-Match": "*"}), 200)
    account = done(await admin.post("/v1/accounts", json={"name": "Acme Ltd"}), 201)
    done(await admin.post("/v1/contacts", json={"account_id": account["id"], "name": "Anna Berg"}), 201)
    seen = {"kind": "download", "lead_id": made[0]["id"], "campaign": "spring"}
    signals = [done(await desk.by("marketing").post("/v1/signals", json=seen | {"signal_id": f"web-{n}"}), 201) for n in range(2)]
    pairs = [[await desk.lead(company=company, phone=f"+49 30 9876{n}00") for _ in range(2)] for n, company in enumerate(ALIKE)]
    done(await admin.post(f"/v1/leads/{pairs[1][0]['id']}/duplicates/{pairs[1][1]['id']}/dismiss", json={}, headers={"If-Match": "*"}), 200)
    same = ids([await desk.lead(email=f"same{n}@example.com") for n in range(4)])
    done(await admin.post(f"/v1/leads/{same[2]}/merge", json={"absorbed_id": same[3]}, headers={"If-Match": "*"}), 200)
    away = {"first_day": "2026-06-01", "last_day": "2026-06-05"}
    lists = ("team/teams", "team/people", "accounts", "contacts")
    teams, people, accounts, contacts = [done(await admin.get(f"/v1/{name}"), 200)["items"] for name in lists]
    owners = [person for person in people if person["role"] in OWNERS]
    leaving, taking = ids(owners)[:2]
    absences = [done(await admin.post(f"/v1/team/people/{taking}/absences", json=away), 201)["id"] for _ in range(3)]
    views = [done(await admin.post("/v1/views", json={"kind": "leads", "name": f"Best {n}"}), 201)["id"] for n in range(3)]
    async with svc.db.connection() as conn:  # a view is its owner's, here of whoever asks at random
        await conn.execute("UPDATE saved_view SET owner_id = $1", ANYBODY.id)
    slips = {act: done(await desk.meet(await desk.lead(**WHO | {"email": f"{act}@example.com"})), 201) for act in ("correct", "remove")}
    given = {"to": taking, "reason": "moves to Berlin"}
    done(await admin.post(f"/v1/team/people/{leaving}/hand-over", json=given, headers={"If-Match": "*"}), 202)
    return {
        **await policies(svc),
        **await attached(svc, "lead", made[0]["id"]),
        **await asked_in_bulk(svc, "lead", "disqualify", ids=ids(made), reason="no_budget"),
        "lead_id": ids(made),
        "search.q": ["acme", "lantern"],
        "get_signal.signal_id": ids(signals),
        "record_signal.lead_id": [made[0]["id"]],
        "record_signal.kind": ["download"],
        "record_bant.lead_id": [(await desk.lead(**WHO | {"email": "bant@example.com"}))["id"]],
        "plan_follow_up.lead_id": [(await desk.lead(**WHO | {"email": "plan@example.com"}))["id"]],
        "plan_follow_up.due_at": ["2026-06-01T09:00:00Z"],
        "record_intent.lead_id": ids([await desk.lead(**WHO | {"email": "intent@example.com"})]),
        "declare_mql.lead_id": ids([await desk.lead(**WHO | {"email": "mql@example.com"})]),
        "nurture_lead.lead_id": ids([await desk.lead(**WHO | {"email": "nurture@example.com"})]),
        "qualify_lead.lead_id": ids([await desk.qualifiable(email="qualify@example.com")]),
        **{f"merge_lead.{name}": [id] for name, id in zip(("lead_id", "absorbed_id"), same[:2], strict=True)},
        "unmerge_lead.lead_id": [same[3]],
        **{f"{act}_interaction.lead_id": [slip["lead_id"]] for act, slip in slips.items()},
        **{f"{act}_interaction.interaction_id": [slip["id"]] for act, slip in slips.items()},
        **await twins(desk, "account"),
        **await twins(desk, "contact", account_id=account["id"]),
        **{f"dismiss_duplicate.{name}": [pairs[0][n]["id"]] for n, name in enumerate(("lead_id", "other_id"))},
        **{f"reopen_duplicate.{name}": [pairs[1][n]["id"]] for n, name in enumerate(("lead_id", "other_id"))},
        "account_id": ids(accounts),
        "contact_id": ids(contacts),
        "team_id": ids(teams),
        "person_id": ids(people),
        "owner_id": ids(owners),
        "hand_over_person.person_id": [leaving],
        "hand_over_person.to": [taking],
        "get_hand_over.person_id": [leaving],
        "absence_id": absences[:1],
        "view_id": views[:1],
        "remove_view.view_id": views[1:],
        **{f"{name}_absence.person_id": [taking] for name in ("get", "change", "remove")},
        "remove_absence.absence_id": absences[1:],
        "import_id": [job["id"]],
        **{f"{name}_rates_import.import_id": [rates_job] for name in ("get", "cancel", "resume")},
        "get_rates_import_problems.import_id": [rates_job],
        **{f"{name}_spend_import.import_id": [spend_job] for name in ("get", "cancel", "resume")},
        "get_spend_import_problems.import_id": [spend_job],
        "campaign_id": [campaign["id"]],
        "spend_id": spends,
        **{f"{name}.key": ["contact-us"] for name in ("get_form", "change_form", "list_form_versions", "list_submissions", "submit_form")},
        "define_form.key": ["talk-to-us"],
        "define_form.fields": [form["fields"]],
        "switch_form_off.key": ["to-close"],
        "switch_form_on.key": ["closed"],
        "accept_submission.key": ["held-back"],
        "submission_id": held,
        "drive_id": drives[:1],
        "start_drive.drive_id": drives[1:2],
        "cancel_drive.drive_id": drives[2:],
        "rate_id": rates[:1],
        "withdraw_rate.rate_id": rates[1:],
        "set_rate.currency": ["USD", "EUR"],
    }


async def twins(desk: Desk, kind: str, **given: Any) -> Values:
    """Two accounts or contacts that can be merged, one that was; two that may be the same, and two that somebody said are not."""
    path = f"/v1/{kind}s"
    same = ids([done(await desk.by("admin").post(path, json={"name": "Twin", **given}), 201) for _ in range(4)])
    done(await desk.by("admin").post(f"{path}/{same[2]}/merge", json={"absorbed_id": same[3]}, headers={"If-Match": "*"}), 200)
    alike = [ids([done(await desk.by("admin").post(path, json={"name": name, **given}), 201) for _ in range(2)]) for name in ALIKE]
    said = f"{path}/{alike[1][0]}/duplicates/{alike[1][1]}/dismiss"
    done(await desk.by("admin").post(said, json={}, headers={"If-Match": "*"}), 200)
    merges = {f"merge_{kind}.{kind}_id": same[:1], f"merge_{kind}.absorbed_id": same[1:2], f"unmerge_{kind}.{kind}_id": same[3:]}
    each = zip(("dismiss", "reopen"), alike, strict=True)
    pairs = {f"{act}_{kind}_duplicate.{name}": [pair[n]] for act, pair in each for n, name in enumerate((f"{kind}_id", "other_id"))}
    return merges | pairs


async def deals(svc: Running) -> Values:
    sales = await Sales.start(svc)
    closing, accepted = await sales.closing()
    fresh, asked = await sales.deal(), await sales.deal()
    await sales.ready_for_proposal(asked)
    lost = await sales.deal()
    await sales.ask("rep:ann", "POST", f"/v1/deals/{lost['id']}/lose", {"reason": "no_budget"}, etag="*")
    draft, sent = await sales.quote(asked), await sales.quote(fresh)
    await sales.act(sent, "send")
    await sales.move(fresh, "negotiation", "manager:max", reason="They know us")
    await sales.ask("rep:ann", "POST", f"/v1/quotes/{sent['id']}/links", {}, expect=201)

    async def quoted(*, send: bool = True) -> list[str]:
        deal = await sales.deal()
        await sales.move(deal, "negotiation", "manager:max", reason="The customer knows what they want")
        quote = await sales.quote(deal)
        return ids([await sales.act(quote, "send") if send else quote])

    async with svc.client() as admin:
        mapped = {"map": ["external_id=external_id", "account=company"], "set": ["outcome=open"]}
        answer = await admin.post("/v1/imports/deals", params=mapped, content=CSV)
    assert answer.status_code == 202, answer.text
    return {
        **await policies(svc),
        **await attached(svc, "deal", fresh["id"]),
        **await asked_in_bulk(svc, "deal", "lose", ids=ids([fresh, asked]), reason="no_budget"),
        "deal_id": ids([fresh, asked, closing, lost]),
        **{f"{name}.deal_id": ids([await sales.deal()]) for name in ("update_deal", "confirm_needs", "set_next_step", "draft_proposal")},
        "quote_id": ids([draft, sent, accepted]),
        "update_quote.quote_id": await quoted(send=False),
        **{f"{name}_quote.quote_id": await quoted() for name in ("accept", "reject", "revise")},
        **await slips(sales),
        **await approvals(sales),
        **await corrected(sales),
        "set_next_step.due_at": ["2026-05-04T09:00:00Z"],
        "product_id": list(sales.products.values()),
        **await price_lists(sales),
        **await quote_templates(sales),
        "account_id": [str(ACME)],
        "owner_id": [str(svc.person("rep", "ann")), str(svc.person("rep", "bob"))],
        "person_id": [str(svc.person("rep", "bob"))],
        "contact_id": [str(await sales.contact())],
        "number": ["1"],
        "import_id": [answer.json()["id"]],
    }


async def approvals(sales: Sales) -> Values:
    """For each act of an approval a quote of its own that needs a manager."""

    async def made(*acts: str) -> dict[str, Any]:
        quote = await sales.quote(await sales.deal(), total_discount_percent="15")
        for act in acts:
            quote = await sales.act(quote, act)
        return quote

    decided = await made("submit")
    return {
        "submit_quote.quote_id": ids([await made()]),
        "decide_quote.quote_id": ids([decided]),
        "decide_quote.content_hash": [decided["content_hash"]],
        "decide_quote.step": ["manager"],
        "delegate_quote_decision.quote_id": ids([await made("submit")]),
        "delegate_quote_decision.step": ["manager"],
        "delegate_quote_decision.person_id": [str(sales.svc.person("manager", "max"))],
        "withdraw_quote_submission.quote_id": ids([await made("submit")]),
    }


async def corrected(sales: Sales) -> Values:
    """A deal, and another account for it."""
    beta = external_id("account", "beta")
    await sales.svc.hear(AccountCreated(name="Beta Ltd", region="east", owner_id=sales.svc.person("rep", "ann")), beta)
    return {"correct_deal_account.deal_id": ids([await sales.deal()]), "correct_deal_account.account_id": [str(beta)]}


async def price_lists(sales: Sales) -> Values:
    """For each act on a price list one that it can be done with."""

    async def made(name: str, *acts: str) -> list[str]:
        entry = {"product_id": sales.products["CRM-1"], "unit_price": "900"}
        body = {"name": name, "channel": name, "currency": "CNY", "valid_from": "2026-01-01", "entries": [entry]}
        one = await sales.ask("ops", "POST", "/v1/price-lists", body, expect=201)
        for act in acts:
            await sales.ask("ops", "POST", f"/v1/price-lists/{one['id']}/{act}", etag="*")
        return ids([one])

    return {
        "price_list_id": await made("read"),
        **{f"{act}_price_list.price_list_id": await made(act) for act in ("update", "activate", "retire")},
        "revise_price_list.price_list_id": await made("revise", "activate"),
    }


async def quote_templates(sales: Sales) -> Values:
    """For each act on a template one that it can be done with."""

    async def made(name: str, *acts: str) -> list[str]:
        body = {"name": name, "channel": name, "texts": {"en": {"opening": "Thank you"}}}
        one = await sales.ask("ops", "POST", "/v1/quote-templates", body, expect=201)
        for act in acts:
            await sales.ask("ops", "POST", f"/v1/quote-templates/{one['id']}/{act}", etag="*")
        return ids([one])

    return {
        "quote_template_id": await made("read"),
        **{f"{act}_quote_template.quote_template_id": await made(act) for act in ("update", "activate", "retire")},
        "revise_quote_template.quote_template_id": await made("revise", "activate"),
    }


async def slips(sales: Sales) -> Values:
    """For each act that sets right or takes away what hangs on a deal, a deal of its own with one."""
    confirmed = await sales.deal()
    await sales.ready_for_proposal(confirmed)
    found: Values = {"withdraw_needs_confirmation.deal_id": ids([confirmed])}
    for act in ("correct", "remove"):
        for part, name, body in (
            ("spin", "spin_id", {"part": "problem", "text": "Slow"}),
            ("committee_member", "contact_id", {"contact_id": str(ACME), "committee_role": "user"}),
            ("proposal", "number", {"title": "Solution"}),
        ):
            deal = await sales.deal()
            await sales.contact(id=ACME)
            at = {"spin": "spin", "committee_member": "contacts", "proposal": "proposals"}[part]
            made = await sales.ask("rep:ann", "POST", f"/v1/deals/{deal['id']}/{at}", body, expect=201)
            found |= {f"{act}_{part}.deal_id": ids([deal]), f"{act}_{part}.{name}": [str(made["id" if part == "spin" else name])]}
    return found


async def contracts(svc: Running) -> Values:
    office = await Office.start(svc)
    made = [await office.draft(), await office.approved(), await office.sent(), await office.signed(), await office.delivered()]
    paid = [await office.pay(made[-1], "20000"), await office.pay(made[-2], "500")]
    milestones = (await office.read(made[-1]))["milestones"]
    submitted, owed = await office.act(await office.draft(), "submit"), await office.delivered()
    return {
        **await policies(svc),
        **await attached(svc, "contract", made[0]["id"]),
        "contract_id": ids(made),
        **{f"{name}_contract.contract_id": ids([await office.draft()]) for name in ("edit", "void")},
        "review_contract.contract_id": ids([submitted]),
        "review_contract.content_hash": [submitted["content_hash"]],
        "draft_contract.quote_id": [(await office.act(await office.draft(), "void", reason="x"))["quote_id"]],
        "delegate_contract_review.contract_id": ids([await office.act(await office.draft(), "submit")]),
        "delegate_contract_review.person_id": [office.id("assistant:nora")],
        "send_contract.contract_id": ids([await office.approved()]),
        "terminate_contract.contract_id": ids([await office.signed()]),
        "decline_contract.contract_id": ids([await office.sent()]),
        "accept_delivery.contract_id": ids([await office.act(await office.signed(), "go-live")]),
        "waive_milestone.contract_id": ids([owed]),
        "waive_milestone.milestone_id": ids(owed["milestones"][:1]),
        "milestone_id": ids(milestones),
        "payment_id": ids(paid),
        "owner_id": [str(svc.person("rep", "ann")), str(svc.person("rep", "bob"))],
    }


async def figures(svc: Running) -> Values:
    team = external_id("team", "north")
    chat = {"name": "All", "kind": "slack", "types": ["*"], "address": "http://127.0.0.1:65535/services/T0"}
    async with svc.client() as admin:
        channels = [done(await admin.post("/v1/notification-channels", json=chat), 201) for _ in range(2)]
    await svc.hear(PersonAdded(role="rep", team_id=team, team_path=[team]), svc.person("rep", "ann"))
    who: dict[str, Any] = {"owner_id": svc.person("rep", "ann"), "team_id": team, "source": "referral"}
    stories: list[Story] = []
    for n in range(12):
        lead = Lead(f"L{n}").captured(on(n), **who).mql(on(n + 1)).sql(on(n + 2))
        deal = Deal(f"D{n}", lead, **who).opened(on(n + 3), 1000 * n).moved(on(n + 4), "proposal")
        stories += [lead, deal.won(on(n + 30)) if n % 3 else deal.lost(on(n + 20))]
    paper = Contract("C1", deal, 11000).drafted(on(40))
    stories += [paper.paid(on(50)), Review("A1", paper, by="ann")]
    stories += [FollowUp(f"F{n}", lead, **who).set(on(40), on(41 + n)) for n in range(3)]
    await hear(svc, events_of(stories))
    async with svc.client() as admin:
        kpis = (await admin.get("/v1/metrics/kpis")).json()["items"]
        exports = (await admin.get("/v1/exports")).json()["items"]
    hooks = Webhooks(svc)
    endpoints = [await hooks.register(NOBODY, start="beginning") for _ in range(3)]
    await hooks.turn()
    sent, removed, rotated = endpoints
    async with svc.transaction() as tx:
        await NOTIFIER.take_turn(tx)
    async with svc.client() as admin:
        messages = ids((await admin.get(f"/v1/notification-channels/{channels[0]['id']}/deliveries")).json()["items"])
    return {
        **await policies(svc),
        "webhook_id": ids([sent]),
        "delivery_id": ids(await hooks.deliveries(sent)),
        "remove_webhook.webhook_id": ids([removed]),
        "rotate_webhook_secret.webhook_id": ids([rotated]),
        "channel_id": ids(channels[:1]),
        "get_notification_delivery.delivery_id": messages,
        "redeliver_notification_delivery.delivery_id": messages,
        "remove_notification_channel.channel_id": ids(channels[1:]),
        "url": [NOBODY],
        "address": [chat["address"]],
        "kind": ["slack"],
        "secret": [None],
        "to": [None],
        "types": [["clinch.deal.*"]],
        "read_kpi.name": [k["name"] for k in kpis],
        "list_kpi_records.name": [k["name"] for k in kpis],
        "export": [one["name"] for one in exports],
        "owner": [str(svc.person("rep", "ann"))],
        "subject_id": [[str(lead.id)]],
        "assignee": [str(svc.person("rep", "ann")), "me", "my_team"],
        "zone": ["Asia/Shanghai"],
        "source": ["referral"],
    }


CHANGES: dict[str, dict[str, Any]] = {
    "lead-svc": {"no_responses": 4},
    "deal-svc": {"quote_valid_days": 45},
    "contract-svc": {"acceptance_days": 45},
    "metrics-svc": {"feed_days": 45},
}


async def policies(svc: Running) -> Values:
    """Drafts of the service's document, by somebody else than who asks."""
    name = svc.service.name
    path = f"/v1/policies/{name}/versions"
    async with svc.client("sales_ops") as sales_ops:
        drafts = [done(await sales_ops.post(path, json={"document": CHANGES[name]}), 201)["number"] for _ in range(2)]
    return {
        "policy": [name],
        "number": ["1"],
        "change_policy_draft.number": [str(drafts[0])],
        "withdraw_policy.number": [str(drafts[1])],
    }


def ids(rows: list[dict[str, Any]]) -> list[str]:
    return [str(row["id"]) for row in rows]
