// One version of a quote: what it offers, what it costs, who has to approve it, what the customer did, and what can be done.

import { get } from "../api.js";
import { h } from "../dom.js";
import { day, dayAndTime, exact, label, lang, percent, t } from "../i18n.js";
import { actions } from "../parts/actions.js";
import { approval } from "../parts/approval.js";
import { badge, mark } from "../parts/badge.js";
import { atCustomer } from "../parts/customer.js";
import { fetched } from "../parts/download.js";
import { differences, goods, plan } from "../parts/offer.js";
import { once, onlyWhereThereIs, section } from "../parts/section.js";
import { facts, table } from "../parts/table.js";
import { timeline } from "../parts/timeline.js";
import { link } from "../router.js";
import { numbered, standing } from "./quotes.js";

export function quote({ id }) {
  const read = once(() => whole(id));
  const parts = [
    section(null, read, (found) => head(found, again), { className: "wide" }),
    section(t("lines"), read, ({ quote }) => goods(quote), { className: "wide" }),
    section(t("approval"), async () => ({ ...(await read()), told: await approval.read(id) }), ({ quote, told }) => approval.show(quote, told, decided), { className: "wide" }),
    section(t("versions"), read, versions, { className: "wide" }),
    section(t("payment_plan"), read, ({ quote }) => plan(quote)),
    section(t("at_customer"), async () => atCustomer.read((await read()).quote), atCustomer.show),
    timeline(`/v1/quotes/${id}/timeline`, "wide"),
  ];
  function again() {
    read.again();
    parts.forEach((part) => part.refresh());
  }
  /** Finance and legal see a quote for as long as it waits for approval. */
  async function decided() {
    read.again();
    const gone = await read().then(() => false, ({ status }) => status === 404);
    if (gone) location.hash = "#/approvals";
    else parts.forEach((part) => part.refresh());
  }
  onlyWhereThereIs(read, parts);
  const mine = (event) => !event || event.subject === id || (event.type.startsWith("clinch.quote.") && event.data?.quote_id === id);
  return { element: h("div.view", {}, h("p", {}, h("a", { href: "#/quotes" }, `← ${t("view_quotes")}`)), h("div.grid.pairs", {}, parts)),
    live: (events) => events.some(mine) && again() };
}

/** The quote, all versions of its number, and its deal: two requests. */
async function whole(id) {
  const found = await get(`/v1/quotes/${id}`);
  const { items, deals } = await get("/v1/quotes", { number: found.number, embed: "deal", sort: "-created_at", limit: 50 });
  return { quote: found, versions: items.sort((a, b) => b.revision - a.revision), deal: deals[0] };
}

function head({ quote, deal, versions }, again) {
  const name = `${quote.number} v${quote.revision}`;
  document.title = `${name} · Clinch`;
  const newest = versions[0];
  const kept = versions.find(({ id }) => id === quote.kept_from);
  const paper = (language, says) => h("button", { type: "button", "data-document": language,
    onclick: () => fetched(`${quote.number}-v${quote.revision}-${language}.pdf`, `/v1/quotes/${quote.id}/document?lang=${language}`) }, says);
  return [
    h("h1", {}, name, " ", badge("quote_status", quote.status), " ", quote.tier && mark(t("tier_is", { tier: label("tier", quote.tier) }), "plain")),
    h("p.quiet", {}, h("a", { href: link("deals", quote.deal_id) }, deal?.name ?? t("open_deal")), deal?.account_name && ` · ${deal.account_name}`),
    quote.flags.map((flag) => mark(label("flag", flag), "amber")),
    newest.revision > quote.revision && h("p.note", {}, t("newer_version"), " ", numbered(newest)),
    quote.newer_prices.length > 0 && h("p.note", {}, t("newer_prices", { skus: quote.newer_prices.join(", ") })),
    kept && h("p.note", {}, t("approval_kept"), " ", numbered(kept)),
    actions("quotes", quote, again),
    h("div.actions", {}, (lang() === "zh" ? ["zh", "en"] : ["en", "zh"]).map((language) => paper(language, t(`document_${language}`)))),
    facts(
      [t("total"), h("b", {}, exact(quote.total))], [t("net"), exact(quote.net)], [t("tax"), exact(quote.tax)], [t("discount"), percent(quote.discount_percent / 100, 2)],
      [t("quoted_on"), day(quote.quoted_on)], [t("valid_until"), day(quote.valid_until)],
      quote.delivery_on && [t("delivery_on"), day(quote.delivery_on)], quote.channel && [t("channel"), quote.channel], quote.terms && [t("terms"), quote.terms],
      quote.buyer && [t("buyer"), party(quote.buyer)], quote.seller && [t("seller"), party(quote.seller)],
      quote.sent_at && [t("sent"), dayAndTime(quote.sent_at)], quote.viewed_at && [t("viewed"), dayAndTime(quote.viewed_at)],
      quote.accepted_at && [t("accepted"), dayAndTime(quote.accepted_at)], quote.ended_at && [t("ended"), dayAndTime(quote.ended_at)], quote.reason && [t("reason"), quote.reason],
    ),
    quote.special_terms && [h("h3", {}, t("special_terms")), h("blockquote", {}, quote.special_terms)],
    quote.note && [h("h3", {}, t("note")), h("blockquote", {}, quote.note)],
  ];
}

const party = ({ name, address, tax_number }) => [name, address, tax_number].filter(Boolean).join(", ");

function versions({ versions: all, quote }) {
  return table(t("versions"), [
    { head: t("number"), cell: (one) => (one.id === quote.id ? h("b", { "aria-current": "true" }, `v${one.revision}`) : numbered(one)) },
    ...standing().slice(0, 2),
    { head: t("changed"), cell: (one) => {
      const before = all.find(({ revision }) => revision === one.revision - 1);
      return before ? h("ul.changes", {}, differences(before, one).map((says) => h("li", {}, says))) : t("first_version");
    } },
  ], all);
}

