// Records of all kinds, found by a name, a number or an address.

import { get } from "../api.js";
import { h } from "../dom.js";
import { label, t } from "../i18n.js";
import { badge } from "../parts/badge.js";
import { bar, choice, search as box } from "../parts/filters.js";
import { empty, section } from "../parts/section.js";
import { facts, table } from "../parts/table.js";
import { link } from "../router.js";
import { meet, nameOf } from "../session.js";

const MOST = 50;
/** What has its own view, and which group of labels names its states. */
const STATES = { lead: "lead_state", deal: "stage", quote: "quote_status", contract: "contract_state" };
const KINDS = ["lead", "account", "contact", "deal", "quote", "contract"];

export function search({ query }) {
  const list = section(null, () => read(query), (found) => show(found, query), { className: "wide" });
  return {
    element: h("div.view", {}, h("h1", {}, t("view_search")), bar(
      box(query, t("search_all")),
      choice("kind", t("kind"), KINDS.map((kind) => [kind, t(`kind_${kind}`)]), query),
    ), list),
  };
}

async function read({ q, kind }) {
  if (!q) return null;
  const found = await get("/v1/search", { q, kind, limit: MOST });
  await meet(found.items.map((one) => one.owner_id));
  return found;
}

/** Contacts are shown with their account. */
const place = (one) => (one.kind === "contact" ? link("accounts", one.account_id) : link(`${one.kind}s`, one.id));

function show(found, query) {
  if (!found) return empty(t("search_what"));
  if (!found.items.length) return empty(t("nothing_found", { q: query.q }), query.kind && h("a", { href: link("search", null, { q: query.q }) }, t("search_all_kinds")));
  return table(t("view_search"), [
    { head: t("record"), cell: (one) => h("div", {}, h("a", { href: place(one) }, h("b", {}, one.number ?? one.name ?? "–")),
      h("div.quiet", {}, one.matched.filter(({ text }) => text && text !== one.name && text !== one.number).map(({ text }) => text).join(" · "))) },
    { head: t("kind"), cell: (one) => t(`kind_${one.kind}`) },
    { head: t("state"), cell: (one) => (one.state ? badge(STATES[one.kind], one.state) : "–") },
    { head: t("owner"), cell: (one) => nameOf(one.owner_id) },
  ], found.items);
}

/** A company, with the people in it and the leads and deals about it. */
export function account({ id }) {
  const parts = [
    section(null, () => readAccount(id), (found) => [
      h("h1", {}, found.name),
      facts([t("owner"), nameOf(found.owner_id)], [t("industry"), found.industry], [t("region"), found.region], [t("members"), found.members.map(nameOf).join(", ") || null]),
    ], { className: "wide" }),
    section(t("contacts"), () => get("/v1/contacts", { account_id: id, limit: 50 }), ({ items }) => (items.length ? table(t("contacts"), [
      { head: t("name"), cell: (one) => one.name },
      { head: t("email"), cell: (one) => one.email ?? "–" },
      { head: t("phone"), cell: (one) => one.phone ?? "–" },
    ], items) : empty(t("no_contacts")))),
    section(t("view_leads"), () => get("/v1/leads", { account_id: id, limit: 50 }), ({ items }) => (items.length ? table(t("view_leads"), [
      { head: t("lead"), cell: (one) => h("a", { href: link("leads", one.id) }, one.title ?? one.company ?? "–") },
      { head: t("state"), cell: (one) => label("lead_state", one.state) },
    ], items) : empty(t("no_leads_here")))),
  ];
  return { element: h("div.view", {}, h("div.grid", {}, parts)) };
}

async function readAccount(id) {
  const found = await get(`/v1/accounts/${id}`);
  document.title = `${found.name} · Clinch`;
  await meet([found.owner_id, ...found.members]);
  return found;
}
