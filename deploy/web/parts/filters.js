// Filters above a view. What is chosen goes into the address.

import { h } from "../dom.js";
import { isoDay, t } from "../i18n.js";
import { setQuery } from "../router.js";
import { nameOf, owners } from "../session.js";

export function choice(name, title, options, query, { all = t("all"), also } = {}) {
  const chosen = query[name] ?? "";
  const known = options.some(([value]) => value === chosen) || !chosen ? options : [[chosen, chosen], ...options];
  return h("label.filter", {}, h("span", {}, title),
    h("select", { name, onchange: (event) => setQuery({ [name]: event.target.value, ...also }) },
      all !== null && h("option", { value: "", selected: !chosen }, all),
      known.map(([value, text]) => h("option", { value, selected: value === chosen }, text))));
}

/** People come a moment later: nothing waits for them. */
export function ownerChoice(query, name = "owner") {
  const place = choice(name, t("owner"), query[name] ? [[query[name], nameOf(query[name])]] : [], query);
  owners().then((known) => place.replaceChildren(...choice(name, t("owner"), known, query).children));
  return place;
}

export function search(query, hint) {
  let waiting;
  return h("label.filter.grow", {}, h("span", {}, t("search")),
    h("input", { type: "search", name: "q", value: query.q ?? "", placeholder: hint, oninput: (event) => {
      clearTimeout(waiting);
      const { value } = event.target;
      waiting = setTimeout(() => setQuery({ q: value.trim() }), 400);
    } }));
}

export const dayChoice = (name, title, query) =>
  h("label.filter", {}, h("span", {}, title),
    h("input", { type: "date", name, value: query[name] ?? "", onchange: (event) => setQuery({ [name]: event.target.value, period: "" }) }));

const first = (year, month) => isoDay(new Date(year, month, 1));

/** From and to (exclusive) of a named period; the last twelve months without a name. */
export function period(query) {
  if (query.from || query.to) return { from: query.from, to: query.to };
  const now = new Date();
  const [year, month] = [now.getFullYear(), now.getMonth()];
  const quarter = month - (month % 3);
  return {
    month: { from: first(year, month) },
    last_month: { from: first(year, month - 1), to: first(year, month) },
    quarter: { from: first(year, quarter) },
    last_quarter: { from: first(year, quarter - 3), to: first(year, quarter) },
    year: { from: first(year, 0) },
    all: {},
  }[query.period] ?? { from: first(year, month - 11) };
}

export function periodChoice(query) {
  const names = ["month", "last_month", "quarter", "last_quarter", "year", "all"];
  return choice("period", t("period"), names.map((name) => [name, t(`period_${name}`)]), query, {
    all: query.from || query.to ? t("period_own") : t("period_12"), also: { from: "", to: "" },
  });
}

export const bar = (...filters) => h("form.filters", { role: "search", onsubmit: (event) => event.preventDefault() }, filters);
