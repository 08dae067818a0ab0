// What can be done with a record, as buttons. The record's own `allowed_actions` say which there are, and what the others still need.

import { act } from "../api.js";
import { h } from "../dom.js";
import { guard, label, t, values } from "../i18n.js";
import { owners } from "../session.js";
import { dialog, toast } from "./dialog.js";
import { form, refusal } from "./form.js";

const STAGES = ["discovery", "proposal", "negotiation", "closing"];
const after = (deal) => STAGES[STAGES.indexOf(deal.stage) + 1];
const before = (deal) => STAGES.slice(0, STAGES.indexOf(deal.stage)).map((stage) => [stage, label("stage", stage)]);
const beyond = (deal) => STAGES.slice(STAGES.indexOf(deal.stage) + 1).map((stage) => [stage, label("stage", stage)]);

const reason = () => ({ name: "reason", title: t("reason"), kind: "long", required: true });
const note = () => ({ name: "note", title: t("note"), kind: "long" });
const person = async () => ({ name: "owner_id", title: t("owner"), kind: "choice", required: true, options: await owners() });
const group = (name, title, of, required = true) => ({ name, title, kind: "choice", required, options: values(of) });
const level = (name) => ["low", "medium", "high"].map((one) => [one, t(`${name}_${one}`)]);

/** By action: how it is asked for, and what for. `ask` are the fields, `body` makes the request of their values. */
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
const KNOWN = { leads: LEAD, deals: DEAL };
const MAIN = new Set(["advance", "qualify", "convert", "interactions"]);

/** What is asked for when this is done with such a record: a function that gives fields of a form. */
export const asks = (kind, action) => KNOWN[kind][action].ask;

/** Buttons for what a record of `kind` ("leads", "deals") allows; those not possible now say what is missing. `done` hears the new record. */
export function actions(kind, record, done, { only } = {}) {
  const buttons = Object.entries(KNOWN[kind])
    .filter(([name, how]) => (!only || only.includes(name)) && (!how.shown || how.shown(record)))
    .map(([name, how]) => [record.allowed_actions.find(({ action }) => action === name), how])
    .filter(([found]) => found)
    .map(([found, how]) => button(kind, record, found, how, done));
  return h("div.actions", {}, buttons);
}

function button(kind, record, { action, allowed, unmet }, how, done) {
  const says = how.says?.(record) ?? label("act", action);
  const perform = () => (allowed ? start(kind, record, how, says, done) : missing(says, unmet));
  return h("button", { type: "button", class: `${MAIN.has(action) ? "primary" : ""} ${allowed ? "" : "not-now"}`, "data-action": action,
    title: unmet.map(guard).join("\n"), onclick: perform }, says);
}

async function start(kind, record, how, says, done) {
  const send = (given) => {
    const path = typeof how.path === "function" ? how.path(given) : how.path;
    return act(how.method ?? "POST", `/v1/${kind}/${record.id}/${path}`, how.body ? how.body(given, record) : given, record.version);
  };
  if (how.ask) {
    const answer = await form(says, await how.ask(record), send, { button: says });
    if (answer) finish(says, answer, done);
    return;
  }
  try {
    finish(says, await send({}), done);
  } catch (problem) {
    await refused(says, problem);
    if (problem.status === 412) done();
  }
}

function finish(says, answer, done) {
  toast(t("done_with", { action: says }));
  done(answer);
}

const missing = (says, unmet) => refused(says, { status: 409, message: t("not_yet"), unmet });

/** A refusal with all that is missing. */
export const refused = (says, problem) =>
  dialog(says, (close) => h("div", {}, refusal(problem), h("footer", {}, h("button.primary", { type: "button", autofocus: true, onclick: () => close() }, t("understood")))));
