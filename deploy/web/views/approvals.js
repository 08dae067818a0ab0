// What waits for somebody's yes: open steps of quotes and of contracts, the most urgent first, decided here.

import { get, isSettled } from "../api.js";
import { h } from "../dom.js";
import { ago, dayAndTime, exact, label, percent, t } from "../i18n.js";
import { mark } from "../parts/badge.js";
import { decisions, stepName } from "../parts/decisions.js";
import { bar, choice } from "../parts/filters.js";
import { empty, section } from "../parts/section.js";
import { further, table } from "../parts/table.js";
import { link } from "../router.js";
import { meet, nameOf } from "../session.js";

const PAGE = 50;
const MOMENT = 1500; // milliseconds after which the list over all services has surely heard of a change
const STEPS = ["manager", "director", "finance", "legal"];

export function approvals({ query }) {
  const again = () => {
    list.refresh();
    setTimeout(list.refresh, MOMENT);
  };
  const list = section(null, () => read(query), (page) => show(page, query, again), { className: "wide" });
  return {
    element: h("div.view", {}, h("h1", {}, t("view_approvals")), bar(
      choice("for", t("whose"), [["all", t("all_i_see")]], query, { all: t("for_me") }),
      choice("subject", t("kind"), [["deal", t("kind_quote")], ["contract", t("kind_contract")]], query),
      choice("step", t("step"), STEPS.map((step) => [step, label("step", step)]), query),
      choice("overdue", t("deadline"), [["true", t("overdue_only")]], query),
    ), list),
    live: (events) => events.some((event) => !event || event.type.startsWith("clinch.quote.") || event.type.startsWith("clinch.contract.")) && again(),
  };
}

/** The items, what their quotes and contracts say, and names: at most four requests, however many there are. */
async function read({ for: whose, subject, step, overdue }, cursor) {
  const page = await get("/v1/approvals", { for: whose === "all" ? undefined : "me", subject, step, overdue, limit: PAGE, cursor });
  const items = page.items.filter((item) => !isSettled(item.id));
  const ids = (wanted) => [...new Set(items.map(wanted).filter(Boolean))];
  const [quotes, contracts] = await Promise.all([
    known("/v1/quotes", ids((item) => item.quote_id), { fields: ["id", "number", "revision", "total", "discount_percent", "tier", "deal_id", "allowed_actions"], embed: "deal" }),
    known("/v1/contracts", ids((item) => (item.quote_id ? null : item.subject_id)), { fields: ["id", "number", "total", "owner_id", "allowed_actions"] }),
    meet(ids((item) => item.assignee_id)),
  ]);
  const deals = new Map((quotes.deals ?? []).map((deal) => [deal.id, deal]));
  for (const item of items) {
    item.record = item.quote_id ? quotes.byId.get(item.quote_id) : contracts.byId.get(item.subject_id);
    item.deal = item.quote_id ? deals.get(item.record?.deal_id) : null;
  }
  return { ...page, items };
}

async function known(path, ids, more) {
  const found = ids.length ? await get(path, { id: ids, limit: 200, ...more }) : { items: [] };
  return { ...found, byId: new Map(found.items.map((record) => [record.id, record])) };
}

function show(page, query, again) {
  if (!page.items.length) return empty(t("no_approvals"), query.for !== "all" && h("a", { href: link("approvals", null, { ...query, for: "all" }) }, t("all_i_see")));
  // What is decided stands beside the buttons, also on a phone, which shows the first columns.
  const columns = [
    { head: t("record"), cell: record },
    { head: t("decide"), cell: (item) => buttons(item, query, again) },
    { head: t("step"), cell: (item) => h("b", {}, stepName(item)) },
    { head: t("amount"), num: true, cell: ({ record: of }) => exact(of?.total) },
    { head: t("discount"), num: true, cell: ({ quote_id, record: of }) => (quote_id && of ? percent(of.discount_percent / 100, 2) : "–") },
    { head: t("who_decides"), cell: (item) => (item.assignee_id ? t("delegated_to", { who: nameOf(item.assignee_id) }) : item.roles.map((role) => label("role", role)).join(", ")) },
    { head: t("due"), cell: due },
  ];
  return table(t("view_approvals"), columns, page.items, further(page, (cursor) => read(query, cursor)));
}

function record({ quote_id, subject_id, subject_name, account_name, record: of, deal }) {
  const name = quote_id ? (of ? `${of.number} v${of.revision}` : subject_name) : (of?.number ?? subject_name);
  return h("div.called", { "data-approval": quote_id ?? subject_id }, h("a", { href: quote_id ? link("quotes", quote_id) : link("contracts", subject_id), class: "number" }, h("b", {}, name)), " ",
    h("span.tag", {}, t(quote_id ? "kind_quote" : "kind_contract")), h("div.quiet", {}, [deal?.name, account_name].filter(Boolean).join(" · ")));
}

const due = ({ due_at, overdue, escalated }) =>
  h("div", { class: overdue ? "late" : "" }, due_at ? h("time", { datetime: due_at, title: dayAndTime(due_at) }, ago(due_at)) : "–", escalated && [" ", mark(t("escalated"))]);

/** Of those that wait for whoever looks the list is sure; of others the record says whether they may. */
function buttons(item, query, again) {
  const { record: of, account_name } = item;
  const asked = { ...item, says: [of?.number, account_name, of && exact(of.total), item.quote_id && of && percent(of.discount_percent / 100, 2)].filter(Boolean).join(" · ") };
  if (query.for !== "all") return decisions(asked, again);
  const allowed = of?.allowed_actions.find(({ action }) => action === (item.quote_id ? `decide_${item.what}` : `review_${item.what}`));
  return allowed ? decisions(asked, again, { allowed }) : "";
}
