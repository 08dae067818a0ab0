// One action with many records of a list: rows are ticked, a job does it, and its progress and what was refused are shown.

import { act, get } from "../api.js";
import { fill, h } from "../dom.js";
import { guard, label, t } from "../i18n.js";
import { link } from "../router.js";
import { myself, owners } from "../session.js";
import { asks } from "./actions.js";
import { dialog } from "./dialog.js";
import { download } from "./download.js";
import { form, refusal } from "./form.js";

const LOOK = 400; // milliseconds
const SHOWN = 200;
const POOL = "pool";
const RUNS = new Set(["queued", "running"]);

/** What is asked for where it differs from the action with one record: a person, or the pool. */
const ASSIGN = {
  ask: async () => [{ name: "owner_id", title: t("owner"), kind: "choice", required: true, options: [[POOL, t("to_pool")], ...(await owners())] }],
  body: ({ owner_id }) => ({ owner_id: owner_id === POOL ? null : owner_id }),
};

/** Ticks for the rows of a list of `kind` ("leads"): the `column` of the table, and the `bar` with what can be done with those ticked. */
export function ticks(kind, record, actions, nameOf, done) {
  const possible = actions.filter((name) => myself().acts.some((one) => one.record === record && one.action === name));
  const ticked = new Map();
  const bar = h("div.ticked", { role: "group", "aria-label": t("ticked_ones") });
  const count = h("span", { role: "status" });

  function tick(box, row) {
    if (box.checked) ticked.set(row.id, nameOf(row));
    else ticked.delete(row.id);
    show();
  }

  function show() {
    count.textContent = ticked.size ? t("n_ticked", { n: ticked.size }) : "";
    fill(bar, count, ticked.size > 0 && [
      possible.map((name) => h("button", { type: "button", "data-bulk": name, onclick: () => start(name) }, `${label("act", name)} …`)),
      h("button.plain", { type: "button", onclick: clear }, t("untick")),
    ]);
  }

  function clear() {
    ticked.clear();
    show();
    done();
  }

  async function start(name) {
    const says = `${label("act", name)} (${ticked.size})`;
    const { ask, body = (given) => given } = name === "assign" ? ASSIGN : { ask: asks(kind, name) };
    const names = new Map(ticked);
    const job = await form(says, await ask(), (given) => act("POST", `/v1/${kind}/bulk-${name}`, { ids: [...names.keys()], ...body(given) }), { button: label("act", name) });
    if (!job) return;
    await follow(kind, label("act", name), job, names);
    clear();
  }

  const box = (row) => h("input", { type: "checkbox", "data-tick": row.id, checked: ticked.has(row.id), "aria-label": t("tick", { name: nameOf(row) }),
    onchange: (event) => tick(event.target, row) });
  const all = () => h("input", { type: "checkbox", "aria-label": t("tick_all"), onchange: ({ target }) => {
    for (const one of target.closest("table").querySelectorAll("[data-tick]")) if (one.checked !== target.checked) one.click();
  } });
  show();
  return { bar: possible.length ? bar : null, column: () => (possible.length ? [{ head: all(), cell: box }] : []) };
}

/** Show how far a job is until it ends or nobody looks; it goes on by itself. */
async function follow(kind, says, job, names) {
  const path = `/v1/${kind}/bulk-jobs/${job.id}`;
  const state = h("div", { role: "status" });
  const rest = h("div");
  let looked = true;
  const closed = dialog(says, (close) => h("div", {}, state, rest,
    h("footer", {}, h("button.primary", { type: "button", autofocus: true, onclick: () => close() }, t("close")))), { wide: true }).then(() => {
    looked = false;
  });
  const show = () => {
    const so = label("bulk_job", job.state);
    fill(state, h("p", {}, h("b", { "data-job": job.state }, so), ` · ${t("job_so_far", { done: job.done, total: job.total, refused: job.refused })}`),
      h("progress", { max: job.total, value: job.done + job.refused, "aria-label": so }), job.error && h("p.refusal", {}, job.error));
    fill(rest, RUNS.has(job.state) && h("button", { type: "button", "data-action": "stop-job", onclick: stop }, t("stop_job")));
  };
  const stop = () => act("POST", `${path}/cancel`, {}).catch(() => {}); // it may have ended a moment ago: the next look tells
  try {
    show();
    while (looked && RUNS.has(job.state)) {
      await new Promise((over) => setTimeout(over, LOOK));
      job = await get(path);
      show();
    }
    if (looked && job.refused) fill(rest, refusedOnes(kind, await get(`${path}/records`, { outcome: "refused", limit: SHOWN }), job.refused, names));
  } catch (problem) {
    fill(rest, refusal(problem));
  }
  await closed;
}

const refusedOnes = (kind, { items }, total, names) => [
  h("h3", {}, t("refused_ones")),
  h("ul.lines", {}, items.map((one) => h("li", { "data-refused": one.id }, h("div", {}, h("a", { href: link(kind, one.id) }, h("b", {}, names.get(one.id) ?? one.id)),
    h("p.quiet", {}, why(one)))))),
  total > items.length && h("p.quiet", {}, t("and_more", { n: total - items.length })),
  download("refused", [t("record"), t("reason")], items.map((one) => [names.get(one.id) ?? one.id, why(one)])),
];

const why = ({ message, unmet }) => (unmet.length ? unmet.map(guard) : [message]).join(" ");
