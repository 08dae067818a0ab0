// What a view shows, as a file for a spreadsheet.

import { send, withParams } from "../api.js";
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { hasRole } from "../session.js";
import { refused } from "./actions.js";

const LIKE_A_FORMULA = /^'*[=+\-@\t\r]/;
const A_NUMBER = /^[+-]?[0-9]+(\.[0-9]+)?$/;

/** A button that saves these rows as CSV, as the API writes it. `heads` and each row are lists of texts and numbers. */
export function download(name, heads, rows) {
  return h("button", { type: "button", "data-download": name, onclick: () => save(`${name}.csv`, [heads, ...rows]) }, t("download_csv"));
}

/** Buttons that save a whole list of the API, with its filters, as CSV and as XLSX; for those who may take what they see (docs/exports.md). */
export function listDownloads(name, path, params) {
  if (!hasRole(...TAKE_ALL)) return null;
  return h("div.actions", {}, Object.entries(TABLES).map(([ending, type]) =>
    h("button", { type: "button", "data-download": ending, onclick: () => fetched(`${name}.${ending}`, withParams(path, params), { Accept: type }) }, t(`download_${ending}`))));
}

const TAKE_ALL = ["director", "admin", "finance", "sales_ops"];
const TABLES = { csv: "text/csv", xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" };

/** A file of the API under this name. The browser asks with the token, so an address alone would not do. */
export async function fetched(name, path, headers = {}) {
  try {
    keep(name, await (await send("GET", path, { headers })).blob());
  } catch (problem) {
    await refused(name, problem);
  }
}

const save = (name, lines) => keep(name, new Blob([`\ufeff${lines.map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`], { type: "text/csv" }));

function keep(name, blob) {
  const address = URL.createObjectURL(blob);
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** A spreadsheet would calculate what looks like a formula; numbers stay numbers. */
function cell(value) {
  const text = String(value ?? "");
  const safe = LIKE_A_FORMULA.test(text) && !A_NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
