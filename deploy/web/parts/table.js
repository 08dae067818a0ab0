// A table that scrolls by itself on a phone, and can fetch more.

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";

/** `columns`: {head, cell(row), num, wide}. `more()` gives {rows, more} of the next page, or is null at the end. */
export function table(caption, columns, rows, more = null) {
  const body = h("tbody");
  const foot = h("div.more");
  const add = (these) => these.forEach((row) => body.append(h("tr", {}, columns.map(({ cell, num }) => h("td", { class: num ? "num" : "" }, cell(row))))));
  const offer = (next) =>
    fill(foot, next && h("button", { type: "button", onclick: async (event) => {
      event.target.disabled = true;
      const found = await next();
      add(found.rows);
      offer(found.more);
    } }, t("more")));
  add(rows);
  offer(more);
  const head = h("thead", {}, h("tr", {}, columns.map(({ head, num }) => h("th", { scope: "col", class: num ? "num" : "" }, head))));
  return h("div", {}, h("div.scroll", { tabindex: "0", role: "region", "aria-label": caption }, h("table", {}, h("caption.hidden", {}, caption), head, body)), foot);
}

/** What a table shows after the page `found`: `read(cursor)` gives the next one, `rows` makes its rows. */
export const further = (found, read, rows = ({ items }) => items) => found.next_cursor && (async () => {
  const then = await read(found.next_cursor);
  return { rows: rows(then), more: further(then, read, rows) };
});

/** A list of names and values. */
export const facts = (...pairs) =>
  h("dl.facts", {}, pairs.filter(Boolean).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value ?? "–"))));
