// One lead: BANT, signals, its score explained, what happened, and what can be done.

import { get } from "../api.js";
import { h } from "../dom.js";
import { ago, day, dayAndTime, label, number, t } from "../i18n.js";
import { actions } from "../parts/actions.js";
import { badge, grade, mark, score } from "../parts/badge.js";
import { files } from "../parts/files.js";
import { empty, section } from "../parts/section.js";
import { facts, table } from "../parts/table.js";
import { timeline } from "../parts/timeline.js";
import { link } from "../router.js";
import { meet, nameOf } from "../session.js";

export function lead({ id }) {
  const head = section(null, () => read(id), (found) => whole(found, again), { className: "wide" });
  const parts = [
    head,
    section(t("score_explained"), () => get(`/v1/leads/${id}/score`), explained),
    section(t("signals"), () => get(`/v1/leads/${id}/signals`, { limit: 20, sort: "-at" }), signals),
    files(`/v1/leads/${id}`),
    timeline(`/v1/leads/${id}/timeline`),
  ];
  function again() {
    parts.forEach((part) => part.refresh());
  }
  return { element: h("div.view", {}, h("p", {}, h("a", { href: "#/leads" }, `← ${t("view_leads")}`)), h("div.grid", {}, parts)),
    live: (events) => events.some((event) => !event || event.subject === id) && again() };
}

async function read(id) {
  const found = await get(`/v1/leads/${id}`);
  await meet([found.owner_id]);
  return found;
}

function whole(found, again) {
  document.title = `${found.company ?? found.title ?? ""} · Clinch`;
  return [
    h("h1", {}, found.company ?? found.title ?? found.contact_name ?? t("lead"), " ", badge("lead_state", found.state), " ", grade(found.grade)),
    h("p.quiet", {}, [found.title, found.contact_name, found.job_title].filter(Boolean).join(" · ")),
    found.flags.map((flag) => mark(label("flag", flag), "amber")),
    actions("leads", found, again),
    facts(
      [t("owner"), found.owner_id ? nameOf(found.owner_id) : t("pool")], [t("source"), label("source", found.source)], [t("campaign"), found.campaign],
      [t("product"), found.product], [t("region"), found.region], [t("industry"), found.industry],
      [t("email"), found.email], [t("phone"), found.phone], [t("intent"), found.intent && t(`level_${found.intent}`)],
      [t("captured"), day(found.captured_at)], [t("last_contact"), found.last_contact_at && ago(found.last_contact_at)],
      found.wake_at && [t("wake_at"), dayAndTime(found.wake_at)], found.reason && [t("reason"), label("reason", found.reason)],
      found.deal_id && [t("deal"), h("a", { href: link("deals", found.deal_id) }, t("open_deal"))],
    ),
    h("h2", {}, t("bant", { n: found.bant_score })),
    table("BANT", [
      { head: t("dimension"), cell: (one) => label("bant_dimension", one.dimension) },
      { head: t("status"), cell: (one) => badge("bant_status", one.status) },
      { head: t("weight"), num: true, cell: (one) => one.weight },
      { head: t("evidence"), cell: (one) => one.evidence ?? "–" },
      { head: t("when"), cell: (one) => (one.at ? day(one.at) : "–") },
    ], found.bant),
  ];
}

function explained({ points, fit, behaviour, threshold, lines, next_at, prediction }) {
  const about = [
    h("div.big", {}, score(points), h("span.quiet", {}, t("of_threshold", { n: number(threshold) }))),
    h("p.quiet", {}, t("fit_behaviour", { fit: number(fit), behaviour: number(behaviour) })),
    prediction && h("p", {}, t("predicted", { n: prediction.probability ?? prediction.percent ?? "–" })),
    next_at && h("p.quiet", {}, t("fades", { when: day(next_at) })),
  ];
  if (!lines?.length) return [about, empty(t("no_score"))];
  return [about, h("ul.lines", {}, lines.map(({ rule, points, why, until }) =>
    h("li", {}, h("b.points", {}, `${points > 0 ? "+" : ""}${number(points)}`), h("div", {}, rule, h("p.quiet", {}, why, until ? ` · ${t("until", { day: day(until) })}` : "")))))];
}

function signals({ items }) {
  if (!items.length) return empty(t("no_signals"));
  return h("ul.lines", {}, items.map(({ kind, at, content, campaign, source, value }) =>
    h("li", {}, h("div", {}, h("b", {}, label("kind_of_signal", kind)), h("p.quiet", {}, [content, campaign, source && label("source", source), value && number(value), ago(at)].filter(Boolean).join(" · "))))));
}
