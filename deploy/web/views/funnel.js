// The funnel: of the leads that began in a period, how many ever got to each step. A click lists the records.

import { get } from "../api.js";
import { h } from "../dom.js";
import { label, number, percent, shortMoney, t } from "../i18n.js";
import { mark } from "../parts/badge.js";
import { bar, choice, dayChoice, ownerChoice, period, periodChoice } from "../parts/filters.js";
import { showRecords } from "../parts/records.js";
import { empty, section } from "../parts/section.js";
import { link, route } from "../router.js";
import { meet, meetTeams, nameOf } from "../session.js";

const BY = ["source", "campaign", "owner", "team", "product", "region"];
const SETTLE = 1500; // milliseconds after which figures have surely heard of a change

export function funnel({ query }) {
  const asked = { ...period(query), owner: query.owner, source: query.source, product: query.product, region: query.region, team: query.team, campaign: query.campaign, as_of: query.as_of };
  const total = section(t("funnel_of_period"), () => get("/v1/metrics/funnel", asked), steps, { className: "wide" });
  const groups = query.by && section(t("by", { dimension: t(query.by) }), () => readGroups(asked, query.by), (found) => matrix(found, query.by), { className: "wide" });
  return {
    element: h("div.view", {}, h("h1", {}, t("view_funnel")), bar(
      periodChoice(query), dayChoice("from", t("from"), query), dayChoice("to", t("to"), query),
      choice("by", t("group_by"), BY.map((one) => [one, t(one)]), query, { all: t("no_groups") }),
      ownerChoice(query), ...["source", "team", "product", "region", "campaign"].filter((one) => query[one]).map((one) => choice(one, t(one), [[query[one], groupName(one, query[one])]], query)),
      dayChoice("as_of", t("as_of"), query),
    ), total, groups),
    live: () => setTimeout(() => [total, groups].forEach((part) => part?.refresh?.()), SETTLE),
  };
}

/** Steps with a bar each; the one where most are lost is marked. */
function steps({ currency, total, direct }) {
  const [{ n: all }] = total.steps;
  if (!all && !direct.steps.some(({ n }) => n)) return empty(t("no_funnel"));
  const worst = total.steps.slice(0, -2).filter(({ conversion, n }) => conversion !== null && n > 20).sort((a, b) => a.conversion - b.conversion)[0];
  return [
    h("ol.funnel", {}, total.steps.map((step, at) => {
      const before = total.steps[at - 1];
      const narrow = before && before === worst;
      const title = `${step.step} ${stepName(step)}`;
      return h("li", {}, h("button", { type: "button", "data-step": step.step, onclick: () => showRecords(title, step.records, currency) },
        h("span.step", {}, h("small", {}, step.step), stepName(step)),
        h("span.bar", {}, h("span", { style: { "--part": `${all ? (100 * step.n) / all : 0}%` } })),
        h("span.n", {}, h("b", {}, number(step.n)), step.value !== null && h("small", {}, shortMoney(step.value, currency))),
        h("span.rate", {}, before ? percent(before.conversion) : "", before && h("small", {}, narrow ? mark(t("bottleneck"), "amber") : t("lost", { n: number(before.n - step.n) })))));
    })),
    h("p.quiet", {}, t("overall", { rate: percent(total.overall, 1) }), " · ", t("zone_note")),
    direct.steps.some(({ n }) => n) && h("div", {}, h("h3", {}, t("direct")), h("ul.direct", {}, direct.steps.map((step) =>
      h("li", {}, h("button", { type: "button", onclick: () => showRecords(`${t("direct")}: ${stepName(step)}`, step.records, currency) },
        h("span", {}, stepName(step)), h("b", {}, number(step.n)), h("small", {}, shortMoney(step.value, currency))))))),
  ];
}

/** Captured, MQL, SQL, opened, the stages, won, paid. */
const stepName = ({ name }) => (["captured", "mql", "sql", "opened", "paid"].includes(name) ? t(`step_${name}`) : label("stage", name));

async function readGroups(asked, by) {
  const found = await get("/v1/metrics/funnel", { ...asked, by });
  if (by === "owner") await meet(found.groups.map(({ group }) => group).filter((id) => id && id !== "(none)"));
  if (by === "team") await meetTeams();
  return found;
}

function matrix({ groups, currency }, by) {
  const known = groups.filter(({ steps }) => steps[0].n > 0).sort((a, b) => b.steps[0].n - a.steps[0].n);
  if (!known.length) return empty(t("no_funnel"));
  const heads = known[0].steps;
  return h("div.scroll", { tabindex: "0", role: "region", "aria-label": t("by", { dimension: t(by) }) }, h("table.matrix", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, t(by)), heads.map((step) => h("th.num", { scope: "col" }, stepName(step))), h("th.num", { scope: "col" }, t("overall_short")))),
    h("tbody", {}, known.map((line) => h("tr", {}, h("th", { scope: "row" }, h("a", { href: link("funnel", null, { ...route().query, by: "", [by]: line.group ?? "(none)" }) }, groupName(by, line.group))),
      line.steps.map((step) => h("td.num", { style: { "--heat": line.steps[0].n ? Math.round((28 * step.n) / line.steps[0].n) + "%" : "0%" } },
        h("button.cell", { type: "button", "aria-label": `${groupName(by, line.group)}, ${stepName(step)}: ${step.n}`,
          onclick: () => showRecords(`${groupName(by, line.group)}: ${stepName(step)}`, step.records, currency) }, number(step.n)))),
      h("td.num", {}, percent(line.overall, 1)))))));
}

export function groupName(by, group) {
  if (!group || group === "(none)") return t("nobody");
  return by === "owner" || by === "team" ? nameOf(group) : by === "source" ? label("source", group) : by === "kind" ? label("kind_of_deal", group) : group;
}
