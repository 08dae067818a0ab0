// One deal: where it stands, what can be done, its quotes, and what happened.

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

export function deal({ id }) {
  const parts = [
    section(null, () => read(id), (found) => whole(found, again), { className: "wide" }),
    section(t("quotes"), () => get("/v1/quotes", { deal_id: id, limit: 20 }), quotes),
    files(`/v1/deals/${id}`),
    timeline(`/v1/deals/${id}/timeline`),
  ];
  function again() {
    parts.forEach((part) => part.refresh());
  }
  return { element: h("div.view", {}, h("p", {}, h("a", { href: "#/pipeline" }, `← ${t("view_pipeline")}`)), h("div.grid", {}, parts)),
    live: (events) => events.some((event) => !event || event.subject === id || event.type.startsWith("clinch.quote.")) && again() };
}

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
    facts(
      [t("amount"), money(found.amount)], [t("probability"), percent(found.probability / 100)], [t("expected_close"), day(found.expected_close_on)],
      [t("owner"), nameOf(found.owner_id)], [t("in_stage_since"), ago(found.stage_since)],
      [t("next_step"), found.next_step && `${found.next_step}, ${dayAndTime(found.next_step_due_at)}`],
      [t("product"), found.product], [t("region"), found.region], [t("source"), label("source", found.source)],
      found.competitor && [t("competitor"), found.competitor], found.close_reason && [t("reason"), label("loss_reason", found.close_reason)],
      found.members.length > 0 && [t("members"), found.members.map(nameOf).join(", ")],
      found.lead_id && [t("lead"), h("a", { href: link("leads", found.lead_id) }, t("open_lead"))],
    ),
    found.needs && h("blockquote", {}, found.needs),
  ];
}

function quotes({ items }) {
  if (!items.length) return empty(t("no_quotes"));
  return table(t("quotes"), [
    { head: t("number"), cell: (quote) => `${quote.number} v${quote.revision}` },
    { head: t("state"), cell: (quote) => badge("quote_status", quote.status) },
    { head: t("total"), num: true, cell: (quote) => money(quote.total) },
    { head: t("valid_until"), cell: (quote) => day(quote.valid_until) },
  ], items);
}
