// The approval of a quote and the review of a contract: each step with who decides it, until when, and what they said.

import { get } from "../api.js";
import { h } from "../dom.js";
import { ago, dayAndTime, label, t } from "../i18n.js";
import { meet, nameOf } from "../session.js";
import { badge, mark } from "./badge.js";
import { decisions } from "./decisions.js";
import { empty } from "./section.js";
import { table } from "./table.js";

const TOLD = ["submitted", "approval_requested", "approval_decided", "approval_delegated", "approval_escalated", "approval_reopened", "approval_withdrawn"];
const MOST = 200;

/** What was told of it, oldest first. The quote itself says how an open one stands, its history what was said. */
async function read(id) {
  const { items } = await get(`/v1/quotes/${id}/timeline`, { type: TOLD.map((what) => `clinch.quote.${what}.v1`), sort: "time", limit: MOST });
  await meet(items.flatMap(({ actor_id, data }) => [actor_id, data.person_id, data.requested_by]));
  return items;
}

function show(quote, told, done) {
  const rounds = submissions(told);
  if (!rounds.length) return empty(quote.status === "draft" ? t("not_submitted") : quote.kept_from ? t("approval_kept_short") : t("not_asked"));
  const last = rounds.at(-1);
  return [
    round(last, quote, done),
    rounds.length > 1 && h("details", {}, h("summary", {}, t("earlier_submissions", { n: rounds.length - 1 })), rounds.slice(0, -1).reverse().map((one) => round(one))),
  ];
}

/** One for each time that it was submitted, with its steps as they are now. */
function submissions(told) {
  const rounds = [];
  for (const { type, time, actor_id, data } of told) {
    const what = type.split(".")[2];
    const now = rounds.at(-1);
    if (what === "submitted") rounds.push({ by: actor_id, at: time, tier: data.tier, auto: data.auto, steps: [] });
    else if (!now) continue;
    else if (what === "approval_requested") now.steps = data.steps.map((step) => ({ ...step, state: "open" }));
    else if (what === "approval_withdrawn") Object.assign(now, { withdrawn: time, reason: data.reason });
    else if (what === "approval_reopened") data.steps.forEach(({ name }) => change(now, name, { state: "open", by: null, at: null, reason: null, overdue: false }));
    else change(now, data.step, {
      approval_decided: { state: data.decision, by: actor_id, at: time, reason: data.reason },
      approval_delegated: { delegate: data.person_id },
      approval_escalated: { overdue: true },
    }[what]);
  }
  return rounds;
}

function change({ steps }, name, changes) {
  Object.assign(steps.find((step) => step.name === name) ?? {}, changes);
}

function round({ by, at, tier, auto, steps, withdrawn, reason }, quote, done) {
  const about = h("p.quiet", {}, t("submitted_by", { who: nameOf(by), when: dayAndTime(at) }), ` · ${t("tier_is", { tier: label("tier", tier) })}`,
    withdrawn && ` · ${t("taken_back", { when: dayAndTime(withdrawn) })}`, reason && ` · ${reason}`);
  if (!steps.length) return h("div.round", {}, about, auto && h("p", {}, t("approved_at_once")));
  const open = new Map((quote?.approval?.steps ?? []).map(({ name, state, due_at }) => [name, { state, due_at }]));
  const ended = (state) => (state === "open" ? "dropped" : state);
  const shown = steps.map((step) => ({ ...step, state: ended(step.state), ...open.get(step.name) }));
  return h("div.round", {}, about, table(t("approval"), columns("step", quote?.approval && ((step) => decisionsOf("quotes", quote, step, done))), shown));
}

/** Of a table of steps: {name, state, overdue, due_at, roles, delegate, by, at, reason}. `buttons` are for open ones, where there can be any. */
function columns(group, buttons) {
  return [
    { head: t("step"), cell: ({ name }) => h("b", {}, label(group, name)) },
    { head: t("state"), cell: ({ state, overdue }) => [stated(state), overdue && mark(t("escalated"))].filter(Boolean).map((one) => h("span.tag", {}, one)) },
    { head: t("who_decides"), cell: ({ by, delegate, roles = [] }) => (by ? nameOf(by) : delegate ? t("delegated_to", { who: nameOf(delegate) }) : roles.map((role) => label("role", role)).join(", ") || "–") },
    { head: t("when"), cell: ({ at, state, due_at }) => (at ? dayAndTime(at) : state === "open" && due_at ? t("due_when", { when: ago(due_at) }) : "–") },
    ...(group === "step" ? [{ head: t("comment"), cell: ({ reason }) => reason ?? "–" }] : []),
    ...(buttons ? [{ head: t("decide"), cell: (step) => (step.state === "open" ? buttons(step) : "") }] : []),
  ];
}

const stated = (state) => badge(state === "waiting" || state === "dropped" ? "step_of_an_approval" : "step", state);

/** Whoever may never decide a step has no buttons. */
function decisionsOf(kind, record, { name }, done) {
  const may = (action) => record.allowed_actions.find((one) => one.action === action);
  const [deciding, delegating, at] = kind === "quotes" ? [`decide_${name}`, `delegate_${name}_step`, { quote_id: record.id }] : [`review_${name}`, `delegate_${name}`, { subject_id: record.id }];
  const allowed = may(deciding);
  return allowed ? decisions({ ...at, what: name, content_hash: record.content_hash }, done, { allowed, delegable: may(delegating) }) : "";
}

/** The review of a contract, which says itself how it stands; what was said about it is in its timeline. */
export function review(contract, done) {
  if (!contract.approval) return empty(t("not_submitted"));
  const steps = contract.approval.steps.map((step) => ({ ...step, delegate: step.delegate_id, by: step.decided_by, at: step.decided_at }));
  return table(t("approval"), columns("review_part", contract.state === "in_review" && ((step) => decisionsOf("contracts", contract, step, done))), steps);
}

export const approval = { read, show };
