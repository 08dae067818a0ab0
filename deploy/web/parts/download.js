// What a view shows, as a file for a spreadsheet.

import { h } from "../dom.js";
import { t } from "../i18n.js";

const LIKE_A_FORMULA = /^'*[=+\-@\t\r]/;
const A_NUMBER = /^[+-]?[0-9]+(\.[0-9]+)?$/;

/** A button that saves these rows as CSV, as the API writes it. `heads` and each row are lists of texts and numbers. */
export function download(name, heads, rows) {
  return h("button", { type: "button", "data-download": name, onclick: () => save(`${name}.csv`, [heads, ...rows]) }, t("download_csv"));
}

function save(name, lines) {
  const text = `\ufeff${lines.map((line) => line.map(cell).join(",")).join("\r\n")}\r\n`;
  const address = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  h("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** A spreadsheet would calculate what looks like a formula; numbers stay numbers. */
function cell(value) {
  const text = String(value ?? "");
  const safe = LIKE_A_FORMULA.test(text) && !A_NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
