// Files attached to a record: what there is, one more, and one less. The browser never shows them, it saves them.

import { get, send } from "../api.js";
import { h } from "../dom.js";
import { ago, label, number, t } from "../i18n.js";
import { meet, nameOf } from "../session.js";
import { refused } from "./actions.js";
import { toast } from "./dialog.js";
import { fetched } from "./download.js";
import { empty, section } from "./section.js";
import { table } from "./table.js";

/** The files of the record at `path`. */
export function files(path) {
  const here = `${path}/attachments`;
  const pick = h("input", { type: "file", hidden: true, "aria-label": t("attach"), onchange: () => attach(pick.files[0]) });
  const part = section(t("files"), load, show, { aside: h("span", {}, pick, h("button", { type: "button", "data-attach": true, onclick: () => pick.click() }, t("attach"))) });

  async function load() {
    const { items } = await get(here);
    await meet(items.map(({ by }) => by));
    return items;
  }
  async function attach(file) {
    pick.value = "";
    await tried(t("attach"), () => send("POST", `${here}?name=${encodeURIComponent(file.name)}`, { headers: { "Content-Type": file.type || "text/plain" }, body: file }));
  }
  async function tried(says, perform) {
    try {
      await perform();
      toast(t("done_with", { action: says }));
    } catch (problem) {
      await refused(says, problem);
    }
    part.refresh();
  }
  const may = (file, name) => file.allowed_actions.find(({ action, allowed }) => action === name && allowed);
  function show(items) {
    if (!items.length) return empty(t("no_files"));
    return table(t("files"), [
      { head: t("file_name"), cell: (file) => (file.name ? h("button.plain", { type: "button", "data-file": file.id, onclick: () => fetched(file.name, `${here}/${file.id}`) }, file.name) : "–") },
      { head: t("size"), num: true, cell: (file) => t("kilobytes", { n: number(file.size / 1000, 1) }) },
      { head: t("attached"), cell: (file) => [nameOf(file.by), ", ", ago(file.at)].join("") },
      { head: label("act", "remove"), cell: (file) => may(file, "remove") && h("button.plain", { type: "button", "data-remove": file.id, "aria-label": `${label("act", "remove")} ${file.name ?? ""}`,
        onclick: () => tried(label("act", "remove"), () => send("DELETE", `${here}/${file.id}`)) }, "✕") },
    ], items);
  }
  return part;
}
