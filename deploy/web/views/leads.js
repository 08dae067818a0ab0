// Leads: a list with filters, search, score and grade.

import { get } from "../api.js";
import { h } from "../dom.js";
import { ago, day, label, t, values } from "../i18n.js";
import { badge, grade, mark, score } from "../parts/badge.js";
import { ticks } from "../parts/bulk.js";
import { listDownloads } from "../parts/download.js";
import { bar, choice, ownerChoice, search } from "../parts/filters.js";
import { empty, section } from "../parts/section.js";
import { further, table } from "../parts/table.js";
import { savedViews } from "../parts/views.js";
import { link } from "../router.js";
import { meet, nameOf } from "../session.js";

const PAGE = 50;
const FILTERS = { q: "q", state: "state", grade: "grade", owner_id: "owner_id", source: "source" };
const OPEN = "captured,mql,sql,converting,nurturing";

export function leads({ query }) {
  const many = ticks("leads", "lead", ["assign", "disqualify"], called, () => list.refresh());
  const list = section(null, () => read(query), (page) => show(page, query, many.column()), { className: "wide", aside: listDownloads("leads", "/v1/leads", chosen(query)) });
  return {
    element: h("div.view", {}, h("h1", {}, t("view_leads")), bar(
      search(query, t("search_leads")),
      choice("state", t("state"), [[OPEN, t("open_leads")], ...values("lead_state")], query),
      choice("grade", t("grade"), values("grade"), query),
      ownerChoice({ ...query }, "owner_id"),
      choice("source", t("source"), SOURCES.map((one) => [one, label("source", one)]), query),
      choice("sort", t("sort"), [["-score", t("sort_score")], ["-updated_at", t("sort_changed")], ["captured_at", t("sort_oldest")]], query, { all: t("sort_newest") }),
      savedViews("leads", query, FILTERS),
    ), many.bar, list),
    live: (events) => events.some((event) => !event || event.type.startsWith("clinch.lead.")) && list.refresh(),
  };
}

const SOURCES = ["seo", "online_ads", "content", "social", "trade_show", "event", "customer_referral", "partner_referral", "cold_outreach", "existing_customer"];
const FIELDS = ["id", "company", "title", "contact_name", "source", "state", "grade", "score", "bant_score", "owner_id", "captured_at", "last_contact_at", "flags"];

const chosen = ({ q, state, grade, owner_id, source, sort }) => ({ q, state, grade, owner_id, source, sort: sort || "-captured_at" });

async function read(query, cursor) {
  const page = await get("/v1/leads", { ...chosen(query), fields: FIELDS, limit: PAGE, cursor, count: cursor ? undefined : "exact" });
  await meet(page.items.map((lead) => lead.owner_id));
  return page;
}

const called = (lead) => lead.company ?? lead.title ?? lead.contact_name ?? "–";

function show(page, query, before) {
  if (!page.items.length) return empty(t("no_leads"), h("a", { href: "#/leads" }, t("clear_filters")));
  const columns = [
    ...before,
    { head: t("company"), cell: (lead) => h("div", {}, h("a", { href: link("leads", lead.id) }, h("b", {}, called(lead))),
      h("div.quiet", {}, lead.contact_name ?? "")) },
    { head: t("state"), cell: (lead) => [badge("lead_state", lead.state), lead.flags.some((flag) => flag.endsWith("duplicate")) && mark(t("duplicate"), "amber")].filter(Boolean).map((one) => h("span.tag", {}, one)) },
    { head: t("grade"), cell: (lead) => grade(lead.grade) },
    { head: t("score"), cell: (lead) => score(lead.score) },
    { head: "BANT", num: true, cell: (lead) => lead.bant_score },
    { head: t("source"), cell: (lead) => label("source", lead.source) },
    { head: t("owner"), cell: (lead) => (lead.owner_id ? nameOf(lead.owner_id) : h("span.quiet", {}, t("pool"))) },
    { head: t("captured"), cell: (lead) => day(lead.captured_at) },
    { head: t("last_contact"), cell: (lead) => (lead.last_contact_at ? ago(lead.last_contact_at) : "–") },
  ];
  return [h("p.quiet", {}, t("n_leads", { n: page.count })), table(t("view_leads"), columns, page.items, further(page, (cursor) => read(query, cursor)))];
}
