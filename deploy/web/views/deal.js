// One deal: where it stands, what can be done, its quotes with their approvals, its contract, and what happened.

import { get } from "../api.js";
import { h } from "../dom.js";
import { ago, day, dayAndTime, label, money, percent, t } from "../i18n.js";
import { actions } from "../parts/actions.js";
import { badge, mark } from "../parts/badge.js";
import { files } from "../parts/files.js";
import { empty, section } from "../parts/section.js";
import { facts, table } from "../parts/table.js";
import { timeline } from "../parts/timeline.js";
import { link } from "../router.js";
import { meet, nameOf } from "../session.js";
import { numbered, standing } from "./quotes.js";

export function deal({ id }) {
  const parts = [
    section(null, () => read(id), (found) => whole(found, again), { className: "wide" }),
    section(t("quotes"), () => get("/v1/quotes", { deal_id: id, fields: FIELDS, limit: 20 }), quotes, { className: "wide" }),
    files(`/v1/deals/${id}`),
    timeline(`/v1/deals/${id}/timeline`),
  ];
  function again() {
    parts.forEach((part) => part.refresh());
  }
  return { element: h("div.view", {}, h("p", {}, h("a", { href: "#/pipeline" }, `← ${t("view_pipeline")}`)), h("div.grid.pairs", {}, parts)),
    live: (events) => events.some((event) => !event || event.subject === id || event.data?.deal_id === id) && again() };
}

const FIELDS = ["id", "number", "revision", "status", "total", "discount_percent", "tier", "approval", "approved_at", "valid_until"];

async function read(id) {
  const found = await get(`/v1/deals/${id}`);
  await meet([found.owner_id, ...found.members]);
  return found;
}

function whole(found, again) {
  document.title = `${found.name} · Clinch`;
  return [
    h("h1", {}, found.name, " ", badge("stage", found.stage)),
    h("p.quiet", {}, [found.account_name, label("kind_of_deal", found.kind)].filter(Boolean).join(" · ")),
    found.flags.map((flag) => mark(label("flag", flag), "amber")),
    actions("deals", found, again),
    found.open_approvals.length > 0 && h("p.note", {}, t("waits_for_approval"), " ", found.open_approvals.map(({ kind, id, number }, at) => [at > 0 && ", ", h("a", { href: link(`${kind}s`, id) }, number)])),
    facts(
      [t("amount"), money(found.amount)], [t("probability"), percent(found.probability / 100)], [t("expected_close"), day(found.expected_close_on)],
      [t("owner"), nameOf(found.owner_id)], [t("in_stage_since"), ago(found.stage_since)],
      [t("next_step"), found.next_step && `${found.next_step}, ${dayAndTime(found.next_step_due_at)}`],
      [t("product"), found.product], [t("region"), found.region], [t("source"), label("source", found.source)],
      found.competitor && [t("competitor"), found.competitor], found.close_reason && [t("reason"), label("loss_reason", found.close_reason)],
      found.contract && [t("kind_contract"), h("span", {}, h("a", { href: link("contracts", found.contract.id) }, found.contract.number), " ", badge("contract_state", found.contract.state))],
      found.members.length > 0 && [t("members"), found.members.map(nameOf).join(", ")],
      found.lead_id && [t("lead"), h("a", { href: link("leads", found.lead_id) }, t("open_lead"))],
    ),
    found.needs && h("blockquote", {}, found.needs),
  ];
}

function quotes({ items }) {
  if (!items.length) return empty(t("no_quotes"));
  return table(t("quotes"), [
    { head: t("number"), cell: numbered },
    ...standing(),
  ], items);
}
