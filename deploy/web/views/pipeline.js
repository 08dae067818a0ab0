// The pipeline: open deals in columns by stage, with sums; moved by the actions that each deal allows.

import { get } from "../api.js";
import { h } from "../dom.js";
import { ago, day, label, money, number, shortMoney, t } from "../i18n.js";
import { actions } from "../parts/actions.js";
import { mark } from "../parts/badge.js";
import { bar, choice, ownerChoice, search } from "../parts/filters.js";
import { empty, section } from "../parts/section.js";
import { savedViews } from "../parts/views.js";
import { link } from "../router.js";
import { meet, nameOf } from "../session.js";

const PAGE = 200;
const FIGURES = 1500; // milliseconds after which figures have surely heard of a change
const FILTERS = { q: "q", owner_id: "owner", kind: "kind" };
const KINDS = ["new", "upsell", "cross_sell", "renewal"];

export function pipeline({ query }) {
  const board = section(null, () => read(query), (found) => columns(found, again), { className: "board-card" });
  function again() {
    board.refresh();
    setTimeout(board.refresh, FIGURES);
  }
  return {
    element: h("div.view", {}, h("h1", {}, t("view_pipeline")), bar(
      search(query, t("search_deals")), ownerChoice(query),
      choice("kind", t("kind_of_deal"), KINDS.map((one) => [one, label("kind_of_deal", one)]), query),
      choice("sort", t("sort"), [["expected_close_on", t("sort_close")], ["-updated_at", t("sort_changed")]], query, { all: t("sort_amount") }),
      choice("stalled", t("stalled"), [["only", t("stalled_only")]], query),
      savedViews("deals", query, FILTERS),
    ), board),
    live: (events) => events.some((event) => !event || event.type.startsWith("clinch.deal.")) && again(),
  };
}

const FIELDS = ["id", "version", "name", "stage", "stage_since", "amount", "owner_id", "account_name", "expected_close_on", "next_step", "next_step_due_at", "allowed_actions"];

/** Deals, the sums of all of them, and which are stalled: three requests, however many deals there are. */
async function read({ q, owner, kind, sort }) {
  const [{ items, next_cursor }, sums, stalled] = await Promise.all([
    get("/v1/deals", { open: true, q, owner_id: owner, kind, sort: sort || "-amount", fields: FIELDS, limit: PAGE }),
    get("/v1/metrics/pipeline", { owner, kind }),
    get("/v1/metrics/kpis/stalled_deals/records", { owner, kind, limit: PAGE }),
  ]);
  await meet(items.map((deal) => deal.owner_id));
  return { deals: items, sums, stalled: new Set(stalled.items.map(({ id }) => id)), more: next_cursor !== null };
}

function columns({ deals, sums, stalled, more }, again) {
  const only = new URLSearchParams(location.hash.split("?")[1]).get("stalled");
  const shown = only ? deals.filter(({ id }) => stalled.has(id)) : deals;
  const { total } = sums.total;
  const head = h("div.strip", {},
    [[t("open_deals"), number(total.n)], [t("amount"), shortMoney(total.amount, sums.currency)], [t("weighted"), shortMoney(total.weighted, sums.currency)],
      [t("stalled"), number(total.stalled)]].map(([name, value]) => h("div.figure", {}, h("span", {}, name), h("b", {}, value))));
  if (!deals.length) return [head, empty(t("no_deals"), h("a", { href: "#/pipeline" }, t("clear_filters")))];
  const board = h("div.board", {}, sums.total.stages.map((stage) =>
    column(stage, sums.currency, shown.filter((deal) => deal.stage === stage.stage), stalled, again)));
  return [head, board, more && h("p.quiet", {}, t("first_deals", { n: PAGE }))];
}

function column({ stage, n, amount, weighted }, currency, deals, stalled, again) {
  return h("section.column", { "data-stage": stage, "aria-label": label("stage", stage) },
    h("header", {}, h("h2", {}, label("stage", stage), h("span.count", {}, number(n))),
      h("p", {}, h("b", {}, shortMoney(amount, currency)), h("span.quiet", {}, ` ${t("weighted_of", { amount: shortMoney(weighted, currency) })}`))),
    h("ul.cards", { tabindex: "0", "aria-label": label("stage", stage) }, deals.map((deal) => card(deal, stalled.has(deal.id), again))));
}

function card(deal, isStalled, again) {
  const late = deal.next_step_due_at && deal.next_step_due_at < new Date().toISOString();
  return h("li.deal", { "data-deal": deal.id, class: isStalled ? "stalled" : "" },
    h("div.deal-head", {}, h("a", { href: link("deals", deal.id) }, h("b", {}, deal.name)), isStalled && mark(t("stalled_mark"))),
    h("p", {}, h("b.amount", {}, money(deal.amount)), h("span.quiet", {}, ` ${nameOf(deal.owner_id)}`)),
    h("p.quiet", {}, t("since", { when: ago(deal.stage_since) }), deal.expected_close_on && ` · ${t("closes", { day: day(deal.expected_close_on) })}`),
    deal.next_step && h("p", { class: late ? "late" : "quiet" }, `${deal.next_step} · ${ago(deal.next_step_due_at)}`),
    actions("deals", deal, again, { only: ["advance", "move_back", "lose"] }));
}
