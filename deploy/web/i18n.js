// Words, numbers and times for people. The names of states, reasons and so on come from the API: GET /v1/labels.

import { get } from "./api.js";
import { TEXTS } from "./texts.js";

const KEPT = "clinch.language";
let language = localStorage.getItem(KEPT) ?? (navigator.language.startsWith("zh") ? "zh" : "en");
let labels = {};

export const lang = () => language;

export function setLanguage(chosen) {
  language = chosen;
  localStorage.setItem(KEPT, chosen);
  document.documentElement.lang = chosen === "zh" ? "zh-CN" : "en";
}

export async function loadLabels() {
  labels = (await get("/v1/labels", { lang: language })).groups;
}

/** A text of the page; `{name}` in it is replaced. */
export function t(key, values = {}) {
  const text = TEXTS[key]?.[language === "zh" ? 1 : 0] ?? key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** What a value of a group is called; the value itself where it is newer than the labels, or somebody's own word. */
export const label = (group, value) => (value === null || value === undefined ? "–" : (labels[group]?.[value] ?? named(value)));

/** What an act still needs: in English the server's own sentence, which knows more than the name of the guard. */
export const guard = ({ code, message }) => (language === "en" ? message : (labels.guard?.[code] ?? message));

export const values = (group) => Object.entries(labels[group] ?? {});

const named = (value) => {
  const words = String(value).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

// -- Numbers ----------------------------------------------------------------------------------------------------------

const locale = () => (language === "zh" ? "zh-CN" : "en");
const format = (options) => new Intl.NumberFormat(locale(), options);

export const number = (value, digits = 0) => (value === null || value === undefined ? "–" : format({ maximumFractionDigits: digits }).format(value));

export const percent = (value, digits = 0) =>
  value === null || value === undefined ? "–" : format({ style: "percent", maximumFractionDigits: digits }).format(value);

/** An amount in its currency, as {amount, currency} or two arguments; whole units, as in a list. */
export function money(amount, currency) {
  if (amount === null || amount === undefined) return "–";
  const [value, unit] = typeof amount === "object" ? [amount.amount, amount.currency] : [amount, currency];
  return format({ style: "currency", currency: unit, maximumFractionDigits: 0 }).format(Number(value));
}

/** An amount to its last digit, as on paper. The text of the API is formatted as it is: no digit of a large one is lost. */
export function exact(amount, currency) {
  if (amount === null || amount === undefined) return "–";
  const [value, unit] = typeof amount === "object" ? [amount.amount, amount.currency] : [amount, currency];
  return format({ style: "currency", currency: unit, maximumFractionDigits: 4 }).format(value);
}

/** Short, for a chart or the head of a column: ¥24M, 2412万. */
export function shortMoney(amount, currency) {
  if (amount === null || amount === undefined) return "–";
  const compact = { style: "currency", currency, notation: "compact", maximumFractionDigits: 1 };
  return format(compact).format(Number(amount));
}

/** A figure by its unit. */
export function figure(value, unit, currency) {
  if (value === null || value === undefined) return "–";
  if (unit === "ratio") return percent(value, 1);
  if (unit === "change") return `${value > 0 ? "+" : ""}${percent(value, 1)}`;
  if (unit === "money") return shortMoney(value, currency);
  if (unit === "money_per_day") return t("per_day", { value: shortMoney(value, currency) });
  if (unit === "days") return t("days", { n: number(value, 1) });
  return number(value);
}

// -- Times: in the person's zone ----------------------------------------------------------------------------------------

const clock = (options) => new Intl.DateTimeFormat(locale(), options);

export const day = (at) => (at ? clock({ dateStyle: "medium" }).format(asDate(at)) : "–");
export const dayAndTime = (at) => (at ? clock({ dateStyle: "medium", timeStyle: "short" }).format(asDate(at)) : "–");
export const month = (at) => clock({ month: "short", year: "2-digit" }).format(asDate(at));

/** A day (2026-01-31) is that day wherever one is; a time is a moment. */
const asDate = (at) => (typeof at === "string" && at.length === 10 ? new Date(`${at}T00:00:00`) : new Date(at));

/** "in 3 days", "2 hours ago". */
export function ago(at) {
  const seconds = (asDate(at) - Date.now()) / 1000;
  const [unit, size] = [["day", 86400], ["hour", 3600], ["minute", 60]].find(([, size]) => Math.abs(seconds) >= size) ?? ["minute", 60];
  return new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

/** A day of the person's own calendar as 2026-01-31; `toISOString` would give that of Greenwich. */
export function isoDay(date) {
  const two = (n) => String(n).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** Midnight, `days` from today. */
export function midnight(days = 0) {
  const now = new Date();
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days);
}
