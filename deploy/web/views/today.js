// Today: what waits for me, and what became of yesterday. Each part loads by itself.

import { act, get } from "../api.js";
import { h } from "../dom.js";
import { ago, dayAndTime, figure, label, midnight, money, t } from "../i18n.js";
import { refused } from "../parts/actions.js";
import { badge, grade, mark } from "../parts/badge.js";
import { toast } from "../parts/dialog.js";
import { period, yesterday } from "../parts/filters.js";
import { form } from "../parts/form.js";
import { empty, section } from "../parts/section.js";
import { link } from "../router.js";
import { leads, meet, myself, nameOf, sees, sells } from "../session.js";

const SHOWN = 8; // of each kind, before the list that has all of them
const STRIP = ["leads_captured", "win_rate", "average_deal_size", "sales_cycle", "first_response", "overdue_rate"];

export function today() {
  const parts = {
    figures: (sees("lead_figures") || sees("deal_figures")) && section(t("this_month"), readFigures, strip, { className: "wide" }),
    lead: sees("lead") && section(t("follow_ups"), readTasks, tasks),
    deal: sells() && section(t("next_steps"), readSteps, steps),
    approval: sees("contract") && section(t("approvals"), readApprovals, (page) => approvals(page, () => parts.approval.refresh())),
    contract: sees("contract") && section(t("overdue"), readOverdue, overdue),
    closed: sells() && section(t("yesterday"), readClosed, closed),
  };
  const { person } = myself();
  return {
    element: h("div.view", {}, h("h1", {}, t("hello", { name: person?.name ?? "" })),
      h("p.quiet", {}, dayAndTime(new Date())), h("div.grid", {}, Object.values(parts))),
    live: (events) => {
      const kinds = new Set(events.map((event) => event?.type.split(".")[1]));
      const all = kinds.has(undefined);
      if (all || kinds.has("lead")) parts.lead?.refresh?.();
      if (all || kinds.has("deal")) [parts.deal, parts.closed].forEach((part) => part?.refresh?.());
      if (all || kinds.has("contract")) parts.approval?.refresh?.();
      if (all || ["contract", "milestone", "payment"].some((kind) => kinds.has(kind))) parts.contract?.refresh?.();
    },
  };
}

// -- Figures ----------------------------------------------------------------------------------------------------------

const readFigures = () => get("/v1/metrics/figures", { ...period({ period: "month" }), kpi: STRIP });

function strip(figures) {
  const shown = STRIP.map((name) => figures.find(({ kpi }) => kpi === name)).filter(Boolean);
  return h("div.strip", {}, shown.map(({ kpi, unit, currency, total }) =>
    h("a.figure", { href: link("kpis", kpi, { period: "month" }) }, h("span", {}, label("kpi", kpi)), h("b", {}, figure(total.value, unit, currency)))));
}

// -- Leads: follow-ups and first responses -----------------------------------------------------------------------------------

async function readTasks() {
  const mine = leads() ? {} : { assignee: myself().id };
  const page = await get("/v1/leads/tasks", { ...mine, limit: SHOWN, sort: "due_at", count: "exact" });
  await meet(page.items.map((task) => task.assignee_id));
  return page;
}

function tasks({ items, count }) {
  if (!items.length) return empty(t("no_follow_ups"), h("a", { href: "#/leads" }, t("see_leads")));
  return [todo(items.map((task) => ({
    name: h("a", { href: link("leads", task.lead_id) }, task.company ?? task.title ?? "–"),
    marks: [grade(task.grade), label("work", task.kind), task.escalated && mark(t("escalated"))],
    says: task.text ?? task.hint?.[document.documentElement.lang.startsWith("zh") ? "zh" : "en"],
    due: task.due_at, late: task.overdue, who: leads() && nameOf(task.assignee_id),
  }))), rest(count - items.length)];
}

const rest = (n) => n > 0 && h("p.quiet", {}, t("and_more", { n }));

const todo = (items) => h("ul.todo", {}, items.map(({ name, marks = [], says, due, late, who, buttons }) => h("li", {},
  h("div", {}, h("b", {}, name), " ", marks.filter(Boolean).map((one) => h("span.tag", {}, one)), says && h("p.quiet", {}, says)),
  h("div.due", { class: late ? "late" : "" }, due && h("time", { datetime: due, title: dayAndTime(due) }, ago(due)), who && h("span.quiet", {}, who), buttons))));

// -- Deals ----------------------------------------------------------------------------------------------------------------

const FIELDS = ["id", "name", "stage", "amount", "next_step", "next_step_due_at", "owner_id", "account_name"];

async function readSteps() {
  const mine = leads() ? {} : { owner_id: myself().id };
  const { items } = await get("/v1/deals", { ...mine, open: true, limit: 200, fields: FIELDS });
  const soon = midnight(8).toISOString();
  const found = items.filter((deal) => deal.next_step_due_at && deal.next_step_due_at < soon);
  found.sort((a, b) => a.next_step_due_at.localeCompare(b.next_step_due_at));
  await meet(found.slice(0, SHOWN).map((deal) => deal.owner_id));
  return { found, without: items.filter((deal) => !deal.next_step_due_at).length };
}

function steps({ found, without }) {
  const now = new Date().toISOString();
  if (!found.length && !without) return empty(t("no_next_steps"), h("a", { href: "#/pipeline" }, t("see_pipeline")));
  return [todo(found.slice(0, SHOWN).map((deal) => ({
    name: h("a", { href: link("deals", deal.id) }, deal.name), marks: [badge("stage", deal.stage)],
    says: deal.next_step, due: deal.next_step_due_at, late: deal.next_step_due_at < now, who: leads() && nameOf(deal.owner_id),
  }))), rest(found.length - SHOWN), without > 0 && h("p.quiet", {}, h("a", { href: "#/pipeline" }, t("without_step", { n: without })))];
}

async function readClosed() {
  const { from, to } = yesterday();
  const { items } = await get("/v1/deals", { stage: ["won", "lost"], "closed_at[gte]": from, "closed_at[lt]": to, limit: 50, sort: "-closed_at",
    fields: ["id", "name", "stage", "amount", "close_reason", "owner_id"] });
  await meet(items.map((deal) => deal.owner_id));
  return items;
}

function closed(items) {
  if (!items.length) return empty(t("nothing_closed"));
  return h("ul.todo", {}, items.map((deal) => h("li", {},
    h("div", {}, h("b", {}, h("a", { href: link("deals", deal.id) }, deal.name)), " ", badge("stage", deal.stage),
      deal.close_reason && deal.stage === "lost" && h("p.quiet", {}, label("loss_reason", deal.close_reason))),
    h("div.due", {}, money(deal.amount), h("span.quiet", {}, nameOf(deal.owner_id))))));
}

// -- Contracts ---------------------------------------------------------------------------------------------------------------

async function readApprovals() {
  const page = await get("/v1/contracts/approvals", { mine: true, limit: SHOWN, sort: "due_at" });
  await meet(page.items.map((item) => item.requested_by));
  return page;
}

function approvals({ items }, again) {
  if (!items.length) return empty(t("no_approvals"));
  return todo(items.map((item) => ({
    name: `${item.number} ${item.account_name}`, marks: [label("review_part", item.part)], says: t("asked_by", { name: nameOf(item.requested_by) }),
    due: item.due_at, late: item.overdue,
    buttons: h("div.actions", {}, decide(item, "approved", again), decide(item, "rejected", again)),
  })));
}

function decide({ contract_id, part, content_hash }, decision, again) {
  const says = t(decision === "approved" ? "approve" : "reject");
  const send = (given) => act("POST", `/v1/contracts/${contract_id}/reviews`, { part, decision, content_hash, ...given }, "*");
  return h("button", { type: "button", class: decision === "approved" ? "primary" : "", onclick: async () => {
    try {
      const asked = decision === "rejected" && (await form(says, [{ name: "reason", title: t("reason"), kind: "long", required: true }], send, { button: says }));
      if (decision === "rejected" && !asked) return;
      if (decision === "approved") await send({});
      toast(t("done_with", { action: says }));
    } catch (problem) {
      await refused(says, problem);
    }
    again();
  } }, says);
}

async function readOverdue() {
  const fields = ["id", "number", "account_name", "overdue", "outstanding", "owner_id", "deal_id"];
  const { items } = await get("/v1/contracts", { state: ["signed", "active"], limit: 200, fields });
  const found = items.filter((contract) => Number(contract.overdue.amount) > 0).sort((a, b) => b.overdue.amount - a.overdue.amount);
  await meet(found.slice(0, SHOWN).map((contract) => contract.owner_id));
  return found;
}

function overdue(found) {
  if (!found.length) return empty(t("nothing_overdue"));
  return [h("ul.todo", {}, found.slice(0, SHOWN).map((contract) => h("li", {},
    h("div", {}, h("b", {}, sees("deal") ? h("a", { href: link("deals", contract.deal_id) }, contract.account_name) : contract.account_name),
      h("p.quiet", {}, `${contract.number} · ${nameOf(contract.owner_id)}`)),
    h("div.due.late", {}, money(contract.overdue), h("span.quiet", {}, t("of_amount", { amount: money(contract.outstanding) })))))), rest(found.length - SHOWN)];
}
