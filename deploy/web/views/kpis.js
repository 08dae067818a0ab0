// KPIs: all of them with value, formula and trend; each by dimension, as of any day, with the records that it counted.

import { get } from "../api.js";
import { h, sparkline } from "../dom.js";
import { day, figure, isoDay, label, month, number, t } from "../i18n.js";
import { lines } from "../parts/chart.js";
import { download } from "../parts/download.js";
import { bar, choice, dayChoice, ownerChoice, period, periodChoice } from "../parts/filters.js";
import { showRecords } from "../parts/records.js";
import { empty, section } from "../parts/section.js";
import { table } from "../parts/table.js";
import { link, noteQuery } from "../router.js";
import { meet, meetTeams } from "../session.js";
import { groupName } from "./funnel.js";

const BY = ["owner", "team", "source", "product", "region", "campaign", "kind"];
const SPAN = 365; // days that the slider goes back
const SETTLE = 1500; // milliseconds after which figures have surely heard of a change

export function kpis({ query }) {
  const asked = { ...period(query), owner: query.owner, as_of: query.as_of };
  const all = section(null, () => Promise.all([get("/v1/metrics/figures", { ...asked, grain: asked.from ? "month" : undefined }), get("/v1/metrics/kpis")]),
    ([figures, catalogue]) => tiles(figures.items, catalogue.items, query), { className: "bare" });
  return {
    element: h("div.view", {}, h("h1", {}, t("view_kpis")), bar(periodChoice(query), ownerChoice(query)), asOf(query, () => {}, true), all),
    live: () => setTimeout(all.refresh, SETTLE),
  };
}

function tiles(figures, catalogue, query) {
  if (!figures.length) return empty(t("no_kpis"));
  const says = new Map(catalogue.map((kpi) => [kpi.name, kpi.says]));
  const file = figures.map(({ kpi, unit, currency, total }) => [label("kpi", kpi), total.value, unit.startsWith("money") ? currency : unit, total.n]);
  return [h("ul.tiles", {}, figures.map(({ kpi, unit, currency, total, rows }) => h("li", {}, h("a.tile", { href: link("kpis", kpi, query), title: says.get(kpi) },
    h("span", {}, label("kpi", kpi)), h("b", {}, figure(total.value, unit, currency)),
    rows.length > 1 && sparkline(rows.map(({ value }) => (value === null ? null : Number(value)))),
    h("small.quiet", {}, t("n_records", { n: number(total.n) })))))),
  h("p", {}, download("kpis", [t("view_kpis"), t("value"), t("unit"), t("records")], file))];
}

/** A slider over the days of the last year. Moving it shows the past; `whole` draws the view again. */
function asOf(query, moved, whole = false) {
  const today = new Date();
  const at = (back) => isoDay(new Date(today.getFullYear(), today.getMonth(), today.getDate() - back));
  const back = query.as_of ? Math.max(0, Math.round((today - new Date(`${query.as_of}T12:00:00`)) / 86_400_000)) : 0;
  const said = (n) => (n ? t("as_of_day", { day: day(at(n)) }) : t("as_of_now"));
  const output = h("output", {}, said(back));
  const input = h("input", { type: "range", name: "as_of", min: 0, max: SPAN, value: SPAN - back, "aria-valuetext": said(back),
    oninput: ({ target }) => {
      output.textContent = said(SPAN - target.value);
      target.setAttribute("aria-valuetext", output.textContent);
    },
    onchange: ({ target }) => {
      const chosen = SPAN - target.value ? at(SPAN - target.value) : "";
      noteQuery({ as_of: chosen });
      if (whole) dispatchEvent(new Event("hashchange"));
      else moved(chosen);
    } });
  return h("label.slider", {}, h("span", {}, t("as_of")), input, output);
}

export function kpi({ id, query }) {
  const asked = { ...period(query), owner: query.owner, as_of: query.as_of };
  const path = `/v1/metrics/kpis/${id}`;
  const by = query.by || "owner";
  const value = section(null, () => Promise.all([get(path, asked), get("/v1/metrics/kpis")]), ([found, all]) => one(found, all.items.find(({ name }) => name === id)), { className: "wide" });
  const trend = section(t("trend"), () => get(path, { ...asked, ...(!asked.from && { from: period({}).from }), grain: query.grain || "month" }), drawn, { className: "wide" });
  const groups = section(t("by", { dimension: t(by) }), () => readGroups(path, asked, by), (found) => grouped(found, by), { className: "wide" });
  const parts = [value, trend, groups];
  const slider = asOf(query, (day) => {
    asked.as_of = day;
    parts.forEach((part) => part.refresh());
  });
  return {
    element: h("div.view", {}, h("p", {}, h("a", { href: link("kpis", null, { period: query.period }) }, `← ${t("view_kpis")}`)), h("h1", {}, label("kpi", id)), bar(
      periodChoice(query), dayChoice("from", t("from"), query), dayChoice("to", t("to"), query),
      choice("grain", t("grain"), ["week", "quarter", "year"].map((one) => [one, t(`grain_${one}`)]), query, { all: t("grain_month") }),
      choice("by", t("group_by"), BY.map((one) => [one, t(one)]), { by }, { all: null }), ownerChoice(query),
    ), slider, parts),
    live: () => setTimeout(() => parts.forEach((part) => part.refresh()), SETTLE),
  };
}

function one({ kpi, unit, currency, total }, known) {
  return [h("div.big", {}, h("b", {}, figure(total.value, unit, currency)),
    Object.entries(total.parts).map(([name, value]) => h("span.part", {}, h("small", {}, partName(name)), number(value, 2)))),
  known && h("p.quiet", {}, known.says),
  h("button", { type: "button", "data-records": true, onclick: () => showRecords(label("kpi", kpi), total.records, currency) }, t("show_records", { n: number(total.n) }))];
}

/** "A.rate", "closing.mean", "manager.decided": of a grade, a stage, or the tier of a quote. */
function partName(name) {
  const [of, part] = name.includes(".") ? name.split(".") : [null, name];
  const said = label("part_of_a_figure", part);
  const isStage = ["discovery", "proposal", "negotiation", "closing"].includes(of || name);
  if (of) return `${label(of.length === 1 ? "grade" : isStage ? "stage" : "tier", of)}: ${said}`;
  return isStage ? label("stage", name) : said;
}

function drawn({ kpi, unit, currency, rows }) {
  if (!rows.length) return empty(t("no_trend"));
  const names = rows.map(({ start }) => month(start));
  const show = (value) => figure(value, unit, currency);
  const records = (at) => showRecords(`${label("kpi", kpi)}, ${names[at]}`, rows[at].records, currency);
  return [
    lines(`${label("kpi", kpi)}: ${t("trend")}`, names, [{ name: label("kpi", kpi), values: rows.map(({ value }) => (value === null ? null : Number(value))) }], show, { click: records }),
    h("details", {}, h("summary", {}, t("as_table")), table(t("trend"), [
      { head: t("period"), cell: ({ start }) => day(start) }, { head: label("kpi", kpi), num: true, cell: ({ value }) => show(value) },
      { head: t("records"), num: true, cell: (row) => h("button.cell", { type: "button", onclick: () => records(rows.indexOf(row)) }, number(row.n)) }], rows)),
    h("p", {}, download(`${kpi}_trend`, [t("from"), t("to"), label("kpi", kpi), t("records")], rows.map(({ start, end, value, n }) => [start, end, value, n]))),
  ];
}

async function readGroups(path, asked, by) {
  const found = await get(path, { ...asked, by });
  if (by === "owner") await meet(found.rows.map(({ group }) => group).filter((id) => id && id !== "(none)"));
  if (by === "team") await meetTeams();
  return found;
}

function grouped({ kpi, unit, currency, rows }, by) {
  if (!rows.length) return empty(t("no_records"));
  const sorted = [...rows].sort((a, b) => (b.value ?? -Infinity) - (a.value ?? -Infinity));
  const most = Math.max(...sorted.map(({ value }) => Math.abs(Number(value ?? 0))), Number.MIN_VALUE);
  const file = sorted.map(({ group, value, n }) => [groupName(by, group), value, n]);
  return [h("ul.bars", {}, sorted.map((row) => h("li", {}, h("button", { type: "button", onclick: () => showRecords(`${label("kpi", kpi)}: ${groupName(by, row.group)}`, row.records, currency) },
    h("span", {}, groupName(by, row.group)), h("span.bar", {}, h("span", { style: { "--part": `${(100 * Math.abs(Number(row.value ?? 0))) / most}%` } })),
    h("b", {}, figure(row.value, unit, currency)), h("small.quiet", {}, t("n_records", { n: number(row.n) })))))),
  h("p", {}, download(`${kpi}_by_${by}`, [t(by), label("kpi", kpi), t("records")], file))];
}
