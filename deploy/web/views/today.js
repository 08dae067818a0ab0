// Today: what waits for me, and what became of yesterday. Each part loads by itself.

import { get, isSettled } from "../api.js";
import { h } from "../dom.js";
import { ago, dayAndTime, figure, label, midnight, money, t } from "../i18n.js";
import { badge, grade, mark } from "../parts/badge.js";
import { decisions, stepName } from "../parts/decisions.js";
import { period } from "../parts/filters.js";
import { empty, once, section } from "../parts/section.js";
import { link } from "../router.js";
import { leads, meet, myself, nameOf, sees, sells } from "../session.js";

const SHOWN = 8; // of each kind, before the list that has all of them
const MOMENT = 1500; // milliseconds
const STRIP = ["leads_captured", "win_rate", "average_deal_size", "sales_cycle", "first_response", "overdue_rate"];

export function today() {
  const work = once(readWork), day = once(readDay);
  const mine = (subject) => async () => (await work()).filter((item) => item.subject === subject && !isSettled(item.id));
  const parts = {
    figures: (sees("lead_figures") || sees("deal_figures")) && section(t("this_month"), readFigures, strip, { className: "wide" }),
    lead: sees("lead") && section(t("follow_ups"), mine("lead"), tasks),
    deal: sells() && section(t("next_steps"), mine("deal"), steps),
    approval: (sees("deal") || sees("contract")) && section(t("approvals"), () => readApprovals(work, day), (items) => approvals(items, () => parts.approval.refresh())),
    contract: sees("contract") && section(t("overdue"), () => readOverdue(work), overdue),
    closed: sells() && section(t("yesterday"), async () => (await day()).yesterday, closed),
  };
  const { person } = myself();
  const refresh = (kinds) => {
    const heard = (...of) => kinds.has(undefined) || of.some((kind) => kinds.has(kind));
    work.again();
    if (heard("deal", "contract", "quote")) day.again();
    if (heard("lead")) parts.lead?.refresh?.();
    if (heard("deal")) [parts.deal, parts.closed].forEach((part) => part?.refresh?.());
    if (heard("contract", "quote")) parts.approval?.refresh?.();
    if (heard("contract", "milestone", "payment")) parts.contract?.refresh?.();
  };
  let later = null;
  const missed = new Set();
  return {
    element: h("div.view", {}, h("h1", {}, t("hello", { name: person?.name ?? "" })),
      h("p.quiet", {}, dayAndTime(new Date())), h("div.grid", {}, Object.values(parts))),
    live: (events) => {
      const kinds = new Set(events.map((event) => event?.type.split(".")[1]));
      refresh(kinds);
      // The list and the stream follow the services each by itself: the list may hear of this a moment later.
      kinds.forEach((kind) => missed.add(kind));
      later ??= setTimeout(() => { later = null; refresh(new Set(missed)); missed.clear(); }, MOMENT);
    },
  };
}

// -- What is to be done: docs/worklist.md -----------------------------------------------------------------------------------

const whose = () => (leads() ? "my_team" : "me");

/** What is overdue or due within a week, the most urgent first, with what the services call their records. */
async function readWork() {
  const { items } = await get("/v1/tasks", { assignee: whose(), "due[lt]": midnight(8).toISOString(), limit: 100 });
  const [ofLeads, ofDeals] = ["lead", "deal"].map((subject) => items.filter((item) => item.subject === subject).slice(0, SHOWN));
  await Promise.all([
    meet(items.map((item) => item.assignee_id)),
    name(ofLeads, "/v1/leads", ["id", "company", "title", "grade"]),
    name(ofDeals, "/v1/deals", ["id", "name", "stage", "next_step"]),
  ]);
  return items;
}

/** Events tell no names of people and of what customers said, so the service that has the records is asked. */
async function name(items, path, fields) {
  const ids = [...new Set(items.map((item) => item.subject_id))];
  if (!ids.length) return;
  const found = new Map((await get(path, { id: ids, fields, limit: 200 })).items.map((record) => [record.id, record]));
  for (const item of items) item.record = found.get(item.subject_id);
}

async function readDay() {
  const day = await get("/v1/day", { assignee: whose(), zone: Intl.DateTimeFormat().resolvedOptions().timeZone });
  const { won, lost } = day.yesterday ?? { won: { deals: [] }, lost: { deals: [] } };
  await meet([...won.deals, ...lost.deals].map((deal) => deal.owner_id));
  return day;
}

// -- Figures ----------------------------------------------------------------------------------------------------------

const readFigures = async () => (await get("/v1/metrics/figures", { ...period({ period: "month" }), kpi: STRIP })).items;

function strip(figures) {
  const shown = STRIP.map((name) => figures.find(({ kpi }) => kpi === name)).filter(Boolean);
  return h("div.strip", {}, shown.map(({ kpi, unit, currency, total }) =>
    h("a.figure", { href: link("kpis", kpi, { period: "month" }) }, h("span", {}, label("kpi", kpi)), h("b", {}, figure(total.value, unit, currency)))));
}

// -- Leads: follow-ups and first responses -----------------------------------------------------------------------------------

function tasks(items) {
  if (!items.length) return empty(t("no_follow_ups"), h("a", { href: "#/leads" }, t("see_leads")));
  return [todo(items.slice(0, SHOWN).map((task) => ({
    name: h("a", { href: link("leads", task.subject_id) }, task.record?.company ?? task.record?.title ?? task.subject_name ?? "–"),
    marks: [task.record && grade(task.record.grade), label("work", task.kind), task.escalated && mark(t("escalated"))],
    due: task.due_at, late: task.overdue, who: leads() && nameOf(task.assignee_id),
  }))), rest(items.length - SHOWN)];
}

const rest = (n) => n > 0 && h("p.quiet", {}, t("and_more", { n }));

const todo = (items) => h("ul.todo", {}, items.map(({ name, marks = [], says, due, late, who, buttons }) => h("li", {},
  h("div", {}, h("b", {}, name), " ", marks.filter(Boolean).map((one) => h("span.tag", {}, one)), says && h("p.quiet", {}, says)),
  h("div.due", { class: late ? "late" : "" }, due && h("time", { datetime: due, title: dayAndTime(due) }, ago(due)), who && h("span.quiet", {}, who), buttons))));

// -- Deals ----------------------------------------------------------------------------------------------------------------

function steps(items) {
  if (!items.length) return empty(t("no_next_steps"), h("a", { href: "#/pipeline" }, t("see_pipeline")));
  return [todo(items.slice(0, SHOWN).map((step) => ({
    name: h("a", { href: link("deals", step.subject_id) }, step.record?.name ?? step.subject_name ?? "–"),
    marks: [step.record && badge("stage", step.record.stage)], says: step.record?.next_step,
    due: step.due_at, late: step.overdue, who: leads() && nameOf(step.assignee_id),
  }))), rest(items.length - SHOWN)];
}

function closed({ won, lost, currency }) {
  const deals = [...won.deals.map((deal) => ({ ...deal, stage: "won" })), ...lost.deals.map((deal) => ({ ...deal, stage: "lost" }))];
  if (!deals.length) return empty(t("nothing_closed"));
  return [h("ul.todo", {}, deals.map((deal) => h("li", {},
    h("div", {}, h("b", {}, h("a", { href: link("deals", deal.deal_id) }, deal.account_name ?? "–")), " ", badge("stage", deal.stage)),
    h("div.due", {}, money({ amount: deal.amount, currency }), h("span.quiet", {}, nameOf(deal.owner_id)))))),
    rest(won.count + lost.count - deals.length)];
}

// -- Approvals and contracts ---------------------------------------------------------------------------------------------------------------

/** Those with a time, and those without. */
async function readApprovals(work, day) {
  const items = [...(await work()), ...(await day()).undated.items];
  return items.filter((item) => item.kind === "approval" && !isSettled(item.id));
}

function approvals(items, again) {
  if (!items.length) return empty(t("no_approvals"), h("a", { href: link("approvals") }, t("all_approvals")));
  return [todo(items.slice(0, SHOWN).map((item) => ({
    name: h("a", { href: item.quote_id ? link("quotes", item.quote_id) : link("contracts", item.subject_id) }, item.subject_name ?? "–"),
    marks: [t(item.quote_id ? "kind_quote" : "kind_contract"), stepName(item)], says: item.subject_name === item.account_name ? null : item.account_name,
    due: item.due_at, late: item.overdue, buttons: decisions(item, again),
  }))), rest(items.length - SHOWN)];
}

/** Whoever sells sees what their customers owe, whoever books money what all do. */
async function readOverdue(work) {
  const late = (item) => item.kind === "milestone" && item.overdue && !isSettled(item.id);
  if (sells()) return (await work()).filter(late);
  const { items } = await get("/v1/tasks", { kind: "milestone", overdue: true, limit: 50 });
  await meet(items.map((item) => item.assignee_id));
  return items.filter(late);
}

function overdue(found) {
  if (!found.length) return empty(t("nothing_overdue"));
  return [h("ul.todo", {}, found.slice(0, SHOWN).map((item) => h("li", {},
    h("div", {}, h("b", {}, item.account_name ?? item.subject_name), h("p.quiet", {}, `${item.subject_name} · ${nameOf(item.assignee_id)}`)),
    h("div.due.late", {}, money(item.amount), h("time", { datetime: item.due_at, title: dayAndTime(item.due_at) }, ago(item.due_at)))))),
    rest(found.length - SHOWN)];
}
