// How each action is asked for, by kind of record. What a record allows, and what is missing, it says itself: parts/actions.js.

import { h } from "../dom.js";
import { label, t, values } from "../i18n.js";
import { link } from "../router.js";
import { owners } from "../session.js";
import { dialog } from "./dialog.js";
import { lines } from "./lines.js";

const STAGES = ["discovery", "proposal", "negotiation", "closing"];
const after = (deal) => STAGES[STAGES.indexOf(deal.stage) + 1];
const before = (deal) => STAGES.slice(0, STAGES.indexOf(deal.stage)).map((stage) => [stage, label("stage", stage)]);
const beyond = (deal) => STAGES.slice(STAGES.indexOf(deal.stage) + 1).map((stage) => [stage, label("stage", stage)]);

const reason = (required = true) => ({ name: "reason", title: t("reason"), kind: "long", required });
const note = () => ({ name: "note", title: t("note"), kind: "long" });
const person = async () => ({ name: "owner_id", title: t("owner"), kind: "choice", required: true, options: await owners() });
const group = (name, title, of, required = true) => ({ name, title, kind: "choice", required, options: values(of) });
const level = (name) => ["low", "medium", "high"].map((one) => [one, t(`${name}_${one}`)]);

/** By action: `path` under the record, or `at` of another one with its `version`; `ask` are the fields, `body` makes the request of their
 * values, `after` does something with the answer. */
const LEAD = {
  interactions: { path: "interactions", ask: () => [
    group("kind", t("kind"), "interaction"), group("direction", t("direction"), "direction"), group("outcome", t("outcome"), "outcome"),
    { name: "key_points", title: t("key_points"), kind: "long" }] },
  follow_up: { method: "PUT", path: "follow-up", ask: () => [{ name: "due_at", title: t("due"), kind: "time", required: true }] },
  qualify: { path: "qualify" },
  convert: { path: "convert", ask: (lead) => [
    { name: "deal_name", title: t("deal_name"), value: lead.title ?? lead.company }, { name: "amount", title: t("amount"), kind: "number" },
    { name: "currency", title: t("currency"), value: "CNY" }, { name: "expected_close_on", title: t("expected_close"), kind: "day" },
    { name: "join_account", title: t("join_account"), kind: "check", value: true }],
    body: ({ amount, currency, ...rest }) => ({ ...rest, ...(amount && { amount: { amount, currency } }) }) },
  bant: { method: "PUT", path: ({ dimension }) => `bant/${dimension}`, ask: () => [
    group("dimension", t("dimension"), "bant_dimension"), group("status", t("status"), "bant_status"), { name: "evidence", title: t("evidence"), kind: "long" }],
    body: ({ dimension, ...rest }) => rest },
  intent: { path: "intent", ask: () => [{ name: "level", title: t("intent"), kind: "choice", required: true, options: level("level") }] },
  grade: { method: "PUT", path: "grade", ask: () => [group("grade", t("grade"), "grade")] },
  mql: { path: "mql", ask: () => [reason()] },
  nurture: { path: "nurture", ask: () => [reason(), { name: "wake_at", title: t("wake_at"), kind: "time" }, note()] },
  disqualify: { path: "disqualify", ask: () => [group("reason", t("reason"), "reason"), note()] },
  reactivate: { path: "reactivate", ask: () => [reason()] },
  assign: { path: "assign", ask: async () => [await person()] },
};
const DEAL = {
  advance: { path: "transitions", says: (deal) => t("advance_to", { stage: label("stage", after(deal)) }), shown: after, body: (_, deal) => ({ to: after(deal) }) },
  quote: { at: () => "/v1/quotes", ask: async (deal) => [await lines(deal.amount.currency, [], deal.id)], body: (given, deal) => ({ deal_id: deal.id, ...given }), after: openQuote, wide: true },
  revise_quote: { at: (deal) => `/v1/quotes/${deal.quote_id}/revise`, version: "*", shown: (deal) => deal.quote_id, after: openQuote },
  draft_contract_again: { at: () => "/v1/contracts", shown: (deal) => deal.quote_id, body: (_, deal) => ({ quote_id: deal.quote_id }) },
  set_next_step: { method: "PUT", path: "next-step", ask: () => [
    { name: "what", title: t("next_step"), required: true }, { name: "due_at", title: t("due"), kind: "time", required: true }] },
  confirm_needs: { path: "needs-confirmation", ask: () => [{ name: "needs", title: t("needs"), kind: "long", required: true }] },
  record: { path: "spin", says: () => t("record_spin"), ask: () => [
    group("part", t("spin_part"), "spin_part"), { name: "text", title: t("said"), kind: "long", required: true }] },
  move_back: { path: "transitions", shown: (deal) => before(deal).length, ask: (deal) => [
    { name: "to", title: t("stage"), kind: "choice", required: true, options: before(deal), value: before(deal).at(-1)?.[0] }, reason()] },
  skip: { path: "transitions", shown: (deal) => beyond(deal).length, ask: (deal) => [
    { name: "to", title: t("stage"), kind: "choice", required: true, options: beyond(deal) }, reason()] },
  win: { path: "win", ask: () => [{ name: "evidence", title: t("evidence"), kind: "long", required: true }] },
  lose: { path: "lose", ask: () => [group("reason", t("reason"), "loss_reason"), { name: "competitor", title: t("competitor") }, note()] },
  reopen: { path: "reopen", ask: () => [reason()] },
  assign: { path: "assign", ask: async () => [await person()] },
};
const QUOTE = {
  change: { method: "PATCH", path: "", ask: async (quote) => [
    await lines(quote.total.currency, quote.lines), { name: "total_discount_percent", title: t("total_discount"), kind: "number", value: quote.total_discount_percent },
    { name: "valid_until", title: t("valid_until"), kind: "day", value: quote.valid_until }, { name: "special_terms", title: t("special_terms"), kind: "long", value: quote.special_terms },
    ...(quote.newer_prices.length ? [{ name: "today", title: t("take_prices"), kind: "check" }] : [])],
    body: changes, wide: true },
  submit: { path: "submit", ask: () => [note()] },
  send: { path: "send" },
  accept: { path: "accept", ask: () => [reason(false)] },
  reject: { path: "reject", says: () => t("customer_declined"), ask: () => [reason()] },
  link: { path: "links", ask: () => [
    { name: "language", title: t("language"), kind: "choice", required: true, options: [["zh", "中文"], ["en", "English"]] }, { name: "days", title: t("link_days"), kind: "number" }],
    body: ({ language, days }) => ({ language, ...(days && { days: Number(days) }) }), after: showLink },
  revoke_links: { path: "links/revoke", shown: (quote) => quote.sent_at },
  revise: { path: "revise", after: openQuote },
  withdraw_submission: { path: "withdraw-submission", ask: () => [reason(false)] },
  withdraw: { path: "withdraw", ask: () => [reason()] },
};
const PRICE_LIST = {
  activate: { path: "activate" },
  revise: { path: "revise", ask: () => [{ name: "valid_from", title: t("from_day"), kind: "day", required: true }], after: (list) => go("prices", list.id) },
  retire: { path: "retire" },
};
const PRODUCT = {
  set_stock: { method: "PUT", path: "stock", ask: (product) => [{ name: "stock", title: t("stock"), kind: "number", required: true, value: product.stock }] },
  set_cost: { method: "PUT", path: "cost", ask: (product) => [
    { name: "amount", title: t("cost"), kind: "number", required: true, value: product.cost?.amount },
    { name: "currency", title: t("currency"), required: true, value: product.cost?.currency ?? product.prices.at(-1)?.unit_price.currency }],
    body: (cost) => ({ cost }) },
};
export const ACTS = { leads: LEAD, deals: DEAL, quotes: QUOTE, "price-lists": PRICE_LIST, products: PRODUCT };
export const MAIN = new Set(["advance", "qualify", "convert", "interactions", "submit", "send", "activate"]);

function go(view, id) {
  location.hash = link(view, id);
}

function openQuote(quote) {
  go("quotes", quote.id);
}

/** What was changed. Lines that are the same are not sent: they would take today's prices, unless that is what is wanted. */
function changes({ today, special_terms = null, ...given }, quote) {
  const said = { ...given, special_terms };
  return Object.fromEntries(Object.entries(said).filter(([name, value]) => value !== undefined && value !== quote[name]));
}

/** The address has the secret in it and is not told again. */
function showLink({ path }) {
  const address = `${location.origin}${path}`;
  return dialog(t("link_made"), (close) => h("div", {}, h("p", {}, t("link_once")),
    h("input", { readonly: true, value: address, "aria-label": t("link_made"), "data-link": true, onfocus: (event) => event.target.select() }),
    h("footer", {}, h("button", { type: "button", onclick: () => navigator.clipboard?.writeText(address) }, t("copy")),
      h("button.primary", { type: "button", autofocus: true, onclick: () => close() }, t("close")))));
}
