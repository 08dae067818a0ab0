// What the customer has of a quote: the links that were made, and what they did by them.

import { get } from "../api.js";
import { h } from "../dom.js";
import { ago, dayAndTime, t } from "../i18n.js";
import { meet, nameOf } from "../session.js";
import { badge, mark } from "./badge.js";
import { empty } from "./section.js";

const MOST = 50;

/** Nothing is asked of one that the customer never had. */
async function read({ id, sent_at }) {
  if (!sent_at) return { links: [], evidence: [] };
  const [links, evidence] = await Promise.all([
    get(`/v1/quotes/${id}/links`, { sort: "-created_at", limit: MOST }), get(`/v1/quotes/${id}/evidence`, { sort: "-at", limit: MOST })]);
  await meet(links.items.map(({ created_by }) => created_by));
  return { links: links.items, evidence: evidence.items };
}

function show({ links, evidence }) {
  if (!links.length) return empty(t("no_links"));
  return [
    h("ul.lines", {}, links.map((one) => h("li", { "data-link-of": one.id }, h("div", {}, h("b", {}, t("link_in", { language: one.language === "zh" ? "中文" : "English" })), " ", standing(one),
      h("p.quiet", {}, t("made_by", { who: nameOf(one.created_by), when: ago(one.created_at) })))))),
    h("h3", {}, t("evidence")),
    evidence.length ? h("ul.lines", {}, evidence.map(done)) : h("p.quiet", {}, t("no_evidence")),
  ];
}

function standing({ revoked_at, expires_at }) {
  if (revoked_at) return mark(t("revoked"), "grey");
  return expires_at < new Date().toISOString() ? mark(t("over"), "grey") : mark(t("until", { day: dayAndTime(expires_at) }), "green");
}

const done = ({ did, at, name, reason, address, document_hash }) =>
  h("li", { "data-did": did }, h("div", {}, badge("evidence", did), h("b", {}, ` ${name ?? ""}`), h("span.quiet", {}, ` ${dayAndTime(at)}${address ? ` · ${address}` : ""}`),
    reason && h("blockquote", {}, reason), h("p.quiet.hash", { title: document_hash }, t("document_hash", { hash: document_hash.slice(0, 16) }))));

export const atCustomer = { read, show };
