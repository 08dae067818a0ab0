// Prices: the lists with their versions, one of them, and the products with what they cost and what is in stock.

import { get } from "../api.js";
import { h } from "../dom.js";
import { day, exact, isoDay, number, percent, t, values } from "../i18n.js";
import { actions } from "../parts/actions.js";
import { badge, mark } from "../parts/badge.js";
import { listDownloads } from "../parts/download.js";
import { bar, choice, search } from "../parts/filters.js";
import { empty, once, onlyWhereThereIs, section } from "../parts/section.js";
import { facts, further, table } from "../parts/table.js";
import { link } from "../router.js";

const PAGE = 50;
const ALL = 200;

export function prices({ query }) {
  const lists = section(t("price_lists"), () => readLists(query), (page) => showLists(page, query), { className: "wide" });
  const products = section(t("products"), () => readProducts(query), (page) => showProducts(page, query, () => products.refresh()), { className: "wide", aside: listDownloads("products", "/v1/products", { q: query.q, sort: "name" }) });
  return {
    element: h("div.view", {}, h("h1", {}, t("view_prices")), bar(
      search(query, t("search_prices")),
      choice("state", t("state"), values("price_list_state"), query),
    ), h("div.grid", {}, lists, products)),
  };
}

// -- Lists --------------------------------------------------------------------------------------------------------------

const readLists = ({ q, state }, cursor) => get("/v1/price-lists", { q, state, limit: PAGE, cursor });

const listColumns = () => [
  { head: t("state"), cell: (list) => badge("price_list_state", list.state) },
  { head: t("customer_level"), cell: (list) => list.customer_level ?? t("all") },
  { head: t("channel"), cell: (list) => list.channel ?? t("all") },
  { head: t("currency"), cell: (list) => list.currency },
  { head: t("from_day"), cell: (list) => day(list.valid_from) },
  { head: t("to_day"), cell: (list) => (list.valid_to ? day(list.valid_to) : t("open_end")) },
];

const versioned = (list) => h("a", { href: link("prices", list.id) }, h("b", {}, `${list.name} v${list.revision}`));

function showLists(page, query) {
  if (!page.items.length) return empty(t("no_price_lists"));
  return table(t("price_lists"), [
    { head: t("price_list"), cell: versioned },
    ...listColumns(),
    { head: t("products"), num: true, cell: (list) => number(list.entries.length) },
  ], page.items, further(page, (cursor) => readLists(query, cursor)));
}

// -- One version of a list ----------------------------------------------------------------------------------------------

export function priceList({ id }) {
  const read = once(async () => {
    const list = await get(`/v1/price-lists/${id}`);
    const [versions, products] = await Promise.all([
      get("/v1/price-lists", { name: list.name, limit: ALL }),
      list.entries.length ? get("/v1/products", { id: list.entries.map((entry) => entry.product_id).slice(0, ALL), fields: ["id", "sku", "name", "unit"], limit: ALL }) : { items: [] },
    ]);
    return { list, versions: versions.items.sort((a, b) => b.revision - a.revision), products: new Map(products.items.map((product) => [product.id, product])) };
  });
  const parts = [
    section(null, read, (found) => head(found, again), { className: "wide" }),
    section(t("prices"), read, entries, { className: "wide" }),
    section(t("versions"), read, versionsOf, { className: "wide" }),
  ];
  onlyWhereThereIs(read, parts);
  function again() {
    read.again();
    parts.forEach((part) => part.refresh());
  }
  return { element: h("div.view", {}, h("p", {}, h("a", { href: "#/prices" }, `← ${t("view_prices")}`)), h("div.grid", {}, parts)) };
}

function head({ list }, again) {
  document.title = `${list.name} v${list.revision} · Clinch`;
  return [
    h("h1", {}, `${list.name} v${list.revision} `, badge("price_list_state", list.state)),
    actions("price-lists", list, again),
    facts(...listColumns().slice(1).map(({ head: name, cell }) => [name, cell(list)])),
  ];
}

function entries({ list, products }) {
  if (!list.entries.length) return empty(t("no_prices"));
  const money = (amount) => exact(amount, list.currency);
  const floors = list.entries.some(({ floor, tiers }) => floor !== null || tiers.some((tier) => tier.floor !== null));
  return table(t("prices"), [
    { head: t("product"), cell: ({ product_id, parts }) => {
      const product = products.get(product_id);
      return h("div", {}, h("b", {}, product?.name ?? "–"), h("div.quiet", {}, product?.sku ?? ""),
        parts.length > 0 && h("ul.bundle", {}, parts.map((part) => h("li.quiet", {}, `${number(part.quantity, 4)} × ${part.name}: ${money(part.unit_price)}`))));
    } },
    { head: t("unit"), cell: ({ product_id }) => products.get(product_id)?.unit ?? "–" },
    { head: t("unit_price"), num: true, cell: (entry) => money(entry.unit_price) },
    { head: t("volume_prices"), cell: ({ tiers }) => (tiers.length ? h("ul.tiers", {}, tiers.map((tier) => h("li", {}, t("from_quantity", { n: number(tier.from_quantity, 4) }), " ", h("b", {}, money(tier.unit_price)), tier.floor !== null && h("span.quiet", {}, ` ${t("floor_is", { floor: money(tier.floor) })}`)))) : "–") },
    ...(floors ? [{ head: t("floor"), num: true, cell: (entry) => money(entry.floor) }] : []),
  ], list.entries);
}

const versionsOf = ({ list, versions }) => table(t("versions"), [
  { head: t("price_list"), cell: (one) => (one.id === list.id ? h("b", { "aria-current": "true" }, `v${one.revision}`) : versioned(one)) },
  ...listColumns(),
], versions);

// -- Products -----------------------------------------------------------------------------------------------------------

const readProducts = ({ q }, cursor) => get("/v1/products", { q, sort: "name", limit: PAGE, cursor });

function showProducts(page, query, again) {
  if (!page.items.length) return empty(t("no_products"));
  const costs = page.items.some(({ cost }) => cost !== null);
  return table(t("products"), [
    { head: t("product"), cell: (product) => h("div", {}, h("b", {}, product.name), h("div.quiet", {}, [product.sku, product.line, product.family].filter(Boolean).join(" · "))) },
    { head: t("state"), cell: ({ active }) => mark(t(active ? "sold" : "not_sold"), active ? "green" : "grey") },
    { head: t("unit"), cell: ({ unit }) => unit ?? "–" },
    { head: t("own_price"), num: true, cell: ({ prices: all }) => today(all) },
    { head: t("tax"), num: true, cell: ({ tax_percent }) => percent(tax_percent / 100, 2) },
    { head: t("lead_days"), num: true, cell: ({ lead_days }) => (lead_days ? t("days", { n: number(lead_days) }) : "–") },
    { head: t("stock"), num: true, cell: ({ stock }) => (stock === null ? "–" : number(stock, 4)) },
    ...(costs ? [{ head: t("cost"), num: true, cell: ({ cost }) => exact(cost) }] : []),
    ...(page.items.some(({ allowed_actions: may }) => may.length) ? [{ head: t("change"), cell: (product) => actions("products", product, again) }] : []),
  ], page.items, further(page, (cursor) => readProducts(query, cursor)));
}

/** The prices of today, one for each currency. */
function today(all) {
  const now = isoDay(new Date());
  const holds = new Map();
  for (const price of all) {
    const { currency } = price.unit_price;
    if (price.valid_from <= now && (!price.valid_to || now <= price.valid_to) && !(holds.get(currency)?.valid_from > price.valid_from)) holds.set(currency, price);
  }
  return holds.size ? h("ul.tiers", {}, [...holds.values()].map((price) => h("li", {}, exact(price.unit_price)))) : "–";
}
