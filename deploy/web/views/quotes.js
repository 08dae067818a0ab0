// Quotes: each version by itself, by search and filters, and as a file.

import { get } from "../api.js";
import { h } from "../dom.js";
import { day, exact, label, percent, t, values } from "../i18n.js";
import { badge, mark } from "../parts/badge.js";
import { listDownloads } from "../parts/download.js";
import { bar, choice, search } from "../parts/filters.js";
import { empty, section } from "../parts/section.js";
import { further, table } from "../parts/table.js";
import { savedViews } from "../parts/views.js";
import { link } from "../router.js";

const PAGE = 50;
const FILTERS = { q: "q", status: "status", tier: "tier", currency: "currency" };
const OPEN = "draft,pending_approval,approved,sent";
const FIELDS = ["id", "deal_id", "number", "revision", "status", "total", "discount_percent", "tier", "approval", "approved_at", "valid_until", "quoted_on"];

export function quotes({ query }) {
  const list = section(null, () => read(query), (page) => show(page, query), { className: "wide", aside: listDownloads("quotes", "/v1/quotes", chosen(query)) });
  return {
    element: h("div.view", {}, h("h1", {}, t("view_quotes")), bar(
      search(query, t("search_quotes")),
      choice("status", t("state"), [[OPEN, t("open_quotes")], ...values("quote_status")], query),
      choice("tier", t("tier"), values("tier"), query),
      choice("sort", t("sort"), [["-total", t("sort_amount")], ["valid_until", t("sort_valid")], ["created_at", t("sort_oldest")]], query, { all: t("sort_newest") }),
      savedViews("quotes", query, FILTERS),
    ), list),
    live: (events) => events.some((event) => !event || event.type.startsWith("clinch.quote.")) && list.refresh(),
  };
}

const chosen = ({ q, status, tier, currency, sort }) => ({ q, status, tier, currency, sort: sort || "-created_at" });

const read = (query, cursor) => get("/v1/quotes", { ...chosen(query), fields: FIELDS, embed: "deal", limit: PAGE, cursor, count: cursor ? undefined : "exact" });

function show(page, query) {
  if (!page.items.length) return empty(t("no_quotes_fit"), h("a", { href: "#/quotes" }, t("clear_filters")));
  const rows = ({ items, deals: beside }) => {
    const deals = new Map(beside.map((deal) => [deal.id, deal]));
    return items.map((quote) => ({ ...quote, deal: deals.get(quote.deal_id) }));
  };
  const columns = [
    { head: t("number"), cell: numbered },
    { head: t("deal"), cell: ({ deal, deal_id }) => h("div", {}, h("a", { href: link("deals", deal_id) }, deal?.name ?? "–"), h("div.quiet", {}, deal?.account_name ?? "")) },
    ...standing(),
    { head: t("quoted_on"), cell: (quote) => day(quote.quoted_on) },
  ];
  return [h("p.quiet", {}, t("n_quotes", { n: page.count })), table(t("view_quotes"), columns, rows(page), further(page, (cursor) => read(query, cursor), rows))];
}

/** How a quote is called in a table. */
export const numbered = ({ id, number, revision }) => h("a.number", { href: link("quotes", id) }, h("b", {}, `${number} v${revision}`));

/** What a table says of how it stands. */
export const standing = () => [
  { head: t("state"), cell: ({ status }) => badge("quote_status", status) },
  { head: t("total"), num: true, cell: ({ total }) => exact(total) },
  { head: t("discount"), num: true, cell: ({ discount_percent: off }) => percent(off / 100, 2) },
  { head: t("approval"), cell: approved },
  { head: t("valid_until"), cell: ({ valid_until }) => day(valid_until) },
];

function approved({ approval, approved_at, tier }) {
  if (approval) return approval.steps.filter(({ state }) => state === "open").map((step) => h("span.tag", {}, mark(label("step", step.name), step.overdue ? "red" : "amber")));
  return approved_at ? label("tier", tier) : "–";
}
