// The lines of a quote in a form: product, quantity, discount. Prices are the server's.

import { act, get } from "../api.js";
import { fill, h } from "../dom.js";
import { label, lang, t } from "../i18n.js";
import { refusal } from "./form.js";

const KEPT = ["product_id", "quantity", "periods", "discount_percent", "optional", "chosen"];

/** A field for a form, which reads undefined where nothing was changed. `now`: the lines that there are. A discount by amount and a tax of its
 * own stay with a line until it has another product. `deal`: its id, where a package may be proposed for it. */
export async function lines(currency, now = [], deal = null) {
  const { items: products } = await get("/v1/products", { active: true, sort: "name", limit: 200 });
  const rows = (now.length ? now : [{ quantity: "1" }]).map((line) => ({ ...line }));
  const body = h("tbody");
  const known = (line) => (products.some(({ id }) => id === line.product_id) || !line.product_id ? products : [{ id: line.product_id, name: line.name }, ...products]);
  const box = (line, name, title, more = {}) =>
    h("input", { value: line[name] ?? "", inputmode: "decimal", "aria-label": title, "data-line": name, onchange: (event) => { line[name] = event.target.value.trim(); }, ...more });

  function row(line) {
    return h("tr", {},
      h("td", {}, h("select", { "aria-label": t("product"), "data-line": "product_id", required: true, onchange: (event) => {
        Object.assign(line, { product_id: event.target.value, discount_amount: null, tax_percent: null });
      } },
        h("option", { value: "" }, "–"), known(line).map(({ id, name }) => h("option", { value: id, selected: id === line.product_id }, name)))),
      h("td", {}, box(line, "quantity", t("quantity"), { required: true })), h("td", {}, box(line, "periods", t("periods"))),
      h("td", {}, box(line, "discount_percent", t("discount_percent"))),
      h("td", {}, h("input", { type: "checkbox", "aria-label": t("optional"), checked: line.optional ?? false, onchange: (event) => { line.optional = event.target.checked; } })),
      h("td", {}, h("button.plain", { type: "button", "aria-label": t("remove_line"), onclick: () => { rows.splice(rows.indexOf(line), 1); show(); } }, "✕")));
  }
  const taxes = new Map(products.map(({ id, tax_percent }) => [id, tax_percent]));
  const given = () => rows.map((line) => said(line, taxes.get(line.product_id)));
  const before = JSON.stringify(given());
  const show = () => fill(body, rows.map(row));
  show();
  const why = h("div");
  async function propose() {
    try {
      const { draft, reasons } = await act("POST", "/v1/quotes/propose", { deal_id: deal });
      rows.splice(0, rows.length, ...draft.lines);
      show();
      fill(why, h("ol.reasons", {}, draft.lines.map((_, n) =>
        h("li", {}, reasons.filter(({ line }) => line === n).map(({ code, says }) => (lang() === "en" ? says : label("reason_of_a_proposal", code))).join(" ")))));
    } catch (problem) {
      fill(why, refusal(problem));
    }
  }
  const heads = [t("product"), t("quantity"), t("periods"), t("discount_percent"), t("optional"), ""];
  const element = h("fieldset.lines-field", {}, h("legend", {}, t("lines_in", { currency })),
    h("div.scroll", {}, h("table", {}, h("thead", {}, h("tr", {}, heads.map((head) => h("th", { scope: "col" }, head)))), body)),
    h("button", { type: "button", "data-add-line": true, onclick: () => { rows.push({ quantity: "1" }); show(); } }, t("add_line")),
    deal && h("button", { type: "button", "data-propose": true, onclick: propose }, t("propose_package")), why);
  return { name: "lines", element, read: (form) => (now.length && !form.elements.today?.checked && JSON.stringify(given()) === before ? undefined : given()) };
}

function said(line, tax) {
  const given = Object.fromEntries(KEPT.filter((name) => line[name] !== undefined && line[name] !== null && line[name] !== "").map((name) => [name, line[name]]));
  if (line.tax_percent && line.tax_percent !== tax) given.tax_percent = line.tax_percent;
  if (line.discount_amount) {
    delete given.discount_percent;
    given.discount_amount = line.discount_amount;
  }
  return given;
}
