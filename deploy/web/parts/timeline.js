// What happened to a record, newest first.

import { get } from "../api.js";
import { h } from "../dom.js";
import { dayAndTime, exact, label, t } from "../i18n.js";
import { meet, nameOf } from "../session.js";
import { empty, section } from "./section.js";

const PAGE = 20;

export function timeline(path, className = "") {
  const read = async (cursor) => {
    const page = await get(path, { limit: PAGE, sort: "-time", cursor });
    await meet(page.items.map((entry) => entry.actor_id));
    return page;
  };
  return section(t("timeline"), () => read(), (page) => {
    if (!page.items.length) return empty(t("nothing_yet"));
    const list = h("ol.timeline");
    const more = h("div.more");
    const add = (found) => {
      list.append(...found.items.map(entry));
      more.replaceChildren(...(found.next_cursor ? [h("button", { type: "button", onclick: async () => add(await read(found.next_cursor)) }, t("more"))] : []));
    };
    add(page);
    return [list, more];
  }, { className });
}

function entry({ type, time, actor_id, actor_role, summary, text, data }) {
  const who = actor_role === "system" ? label("role", "system") : nameOf(actor_id);
  return h("li", {}, h("span.dot"), h("div", {}, h("b", {}, label("event", type)), h("span.quiet", {}, ` ${who} · ${dayAndTime(time)}`),
    h("p", {}, summary ?? told(type, data)), text && h("blockquote", {}, text)));
}

/** What the event of a deal, a quote or a contract says in short. */
function told(type, data) {
  const said = [
    data.from_stage && data.to_stage && `${label("stage", data.from_stage)} → ${label("stage", data.to_stage)}`,
    data.reason && (type === "clinch.deal.lost.v1" ? label("loss_reason", data.reason) : data.reason),
    data.what ?? data.next_step,
    data.number && (data.revision ? `${data.number} v${data.revision}` : data.number),
    data.step && label("step", data.step), data.decision && label("decision", data.decision),
    data.margin && `${t("margin")} ${exact(data.margin)}`,
    data.part && label(type.startsWith("clinch.deal.") ? "spin_part" : "review_part", data.part),
  ];
  return said.filter((one) => typeof one === "string").join(" · ");
}
