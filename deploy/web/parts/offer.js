// What a quote offers: its lines with the sums, its payment plan, and what a version changed of the one before. All amounts are the server's.

import { h } from "../dom.js";
import { day, exact, label, number, percent, t } from "../i18n.js";
import { empty } from "./section.js";
import { mark } from "./badge.js";
import { facts, table } from "./table.js";

export function goods({ lines, total, tax, net, list_total, total_discount_percent: off, total_discount_amount: taken }) {
  const { currency } = total;
  const money = (amount) => exact(amount, currency);
  if (!lines.length) return empty(t("no_lines"));
  const rates = byRate(lines);
  const shown = table(t("lines"), [
    { head: t("product"), cell: (line) => h("div", {}, h("b", {}, line.name), line.optional && [" ", mark(t(line.chosen ? "optional_chosen" : "optional"), "blue")],
      h("div.quiet", {}, line.sku), parts(line, money)) },
    { head: t("quantity"), num: true, cell: (line) => [quantity(line), line.unit ? ` ${line.unit}` : ""].join("") },
    { head: t("unit_price"), num: true, cell: (line) => money(line.unit_price) },
    { head: t("discount"), num: true, cell: discount },
    { head: t("net"), num: true, cell: (line) => money(line.net) },
    { head: t("tax"), num: true, cell: (line) => h("div", {}, money(line.tax), h("div.quiet", {}, percent(line.tax_percent / 100, 2))) },
  ], lines);
  return [shown, facts(
    [t("list_total"), exact(list_total)], (Number(off) > 0 || taken) && [t("total_discount"), taken ? `${percent(off / 100, 2)} (${money(taken)})` : percent(off / 100, 2)],
    [t("net"), exact(net)], ...rates.map(([rate, amount]) => [t("tax_of_rate", { rate: percent(rate / 100, 2) }), money(amount)]),
    rates.length > 1 && [t("tax"), exact(tax)], [t("total"), h("b", {}, exact(total))],
  )];
}

const quantity = ({ quantity: n, periods }) => `${number(n, 4)}${periods ? ` × ${number(periods, 4)}` : ""}`;
const discount = ({ discount_percent: off }) => (Number(off) > 0 ? percent(off / 100, 2) : "–");

/** What a bundle consists of, with its share of the line. */
const parts = ({ parts: these }, money) =>
  these.length > 0 && h("ul.bundle", {}, these.map((part) => h("li.quiet", {}, `${number(part.quantity, 4)} × ${part.name}: ${money(part.net)}`)));

const FINE = 10_000; // parts of a unit that the API tells amounts in

/** The tax of the lines that count, by rate: exactly the tax of the quote. */
function byRate(lines) {
  const sums = new Map();
  for (const line of lines) {
    if (line.optional && !line.chosen) continue;
    sums.set(line.tax_percent, (sums.get(line.tax_percent) ?? 0) + Math.round(line.tax * FINE));
  }
  return [...sums].map(([rate, sum]) => [rate, sum / FINE]).sort(([a], [b]) => a - b);
}

export function plan({ schedule }) {
  if (!schedule.length) return empty(t("no_plan"));
  return table(t("payment_plan"), [
    { head: t("falls_due"), cell: (term) => (term.trigger === "date" ? day(term.due_on) : [label("trigger", term.trigger), term.due_days ? t("plus_days", { n: term.due_days }) : ""].join(" ")) },
    { head: t("share"), num: true, cell: (term) => (term.percent ? percent(term.percent / 100, 2) : "–") },
    { head: t("amount"), num: true, cell: (term) => exact(term.due) },
  ], schedule);
}

/** In words, what `after` has otherwise than `before`. */
export function differences(before, after) {
  const said = [
    ["total", exact], ["discount_percent", (off) => percent(off / 100, 2), "discount"], ["valid_until", day], ["delivery_on", day],
    ["special_terms", (text) => (text ? t("yes") : t("no"))], ["schedule", terms, "payment_plan"],
  ].flatMap(([name, show, called = name]) => (same(before[name], after[name]) ? [] : [`${t(called)}: ${show(before[name])} → ${show(after[name])}`]));
  const changed = [...said, ...lineDifferences(before.lines, after.lines)];
  return changed.length ? changed : [t("nothing_changed")];
}

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
const terms = (schedule) => schedule.map((term) => (term.percent ? percent(term.percent / 100, 2) : exact(term.due))).join(" + ");

/** Lines are told apart by their product, and those of one product by their order. */
function lineDifferences(before, after) {
  const keyed = (lines) => new Map(lines.map((line, at) => [`${line.sku} ${lines.slice(0, at).filter(({ sku }) => sku === line.sku).length}`, line]));
  const [old, now] = [keyed(before), keyed(after)];
  const gone = [...old].filter(([key]) => !now.has(key)).map(([, line]) => `− ${line.name}`);
  const added = [...now].filter(([key]) => !old.has(key)).map(([, line]) => `+ ${quantity(line)} ${line.name}`);
  const moved = [...now].filter(([key]) => old.has(key)).flatMap(([key, line]) => {
    const was = old.get(key);
    const facts = [
      [quantity(was), quantity(line)], [was.unit_price, line.unit_price], [discount(was), discount(line)],
      [chosen(was), chosen(line)],
    ].filter(([a, b]) => a !== b);
    return facts.length ? [`${line.name}: ${facts.map(([a, b]) => `${a} → ${b}`).join(", ")}`] : [];
  });
  return [...added, ...gone, ...moved];
}

const chosen = ({ optional, chosen: taken }) => (optional ? t(taken ? "optional_chosen" : "optional") : "");
