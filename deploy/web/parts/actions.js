// What can be done with a record, as buttons. The record's own `allowed_actions` say which there are, and what the others still need.

import { act } from "../api.js";
import { h } from "../dom.js";
import { guard, label, t } from "../i18n.js";
import { ACTS, MAIN } from "./acts.js";
import { dialog, toast } from "./dialog.js";
import { form, refusal } from "./form.js";

/** What is asked for when this is done with such a record: a function that gives fields of a form. */
export const asks = (kind, action) => ACTS[kind][action].ask;

/** Buttons for what a record of `kind` ("leads", "deals", "quotes") allows; those not possible now say what is missing. `done` hears the answer. */
export function actions(kind, record, done, { only } = {}) {
  const buttons = Object.entries(ACTS[kind])
    .filter(([name, how]) => (!only || only.includes(name)) && (!how.shown || how.shown(record)))
    .map(([name, how]) => [record.allowed_actions.find(({ action }) => action === name), how])
    .filter(([found]) => found)
    .map(([found, how]) => button(kind, record, found, how, done));
  return h("div.actions", {}, buttons);
}

function button(kind, record, { action, allowed, unmet }, how, done) {
  const says = how.says?.(record) ?? label("act", action);
  const perform = () => (allowed ? start(kind, record, how, says, done) : missing(says, unmet));
  return h("button", { type: "button", class: `${MAIN.has(action) ? "primary" : ""} ${allowed ? "" : "not-now"}`, "data-action": action,
    title: unmet.map(guard).join("\n"), onclick: perform }, says);
}

async function start(kind, record, how, says, done) {
  const send = (given) => {
    const path = typeof how.path === "function" ? how.path(given) : how.path;
    const body = how.body ? how.body(given, record) : given;
    if (how.at) return act("POST", how.at(record), body, how.version);
    return act(how.method ?? "POST", `/v1/${kind}/${record.id}${path && `/${path}`}`, body, record.version);
  };
  const finish = async (answer) => {
    toast(t("done_with", { action: says }));
    done(answer);
    await how.after?.(answer);
  };
  if (how.ask) {
    const answer = await form(says, await how.ask(record), send, { button: says, wide: how.wide });
    if (answer) await finish(answer);
    return;
  }
  try {
    await finish(await send({}));
  } catch (problem) {
    await refused(says, problem);
    if (problem.status === 412) done();
  }
}

export const missing = (says, unmet) => refused(says, { status: 409, message: t("not_yet"), unmet });

/** A refusal with all that is missing. */
export const refused = (says, problem) =>
  dialog(says, (close) => h("div", {}, refusal(problem), h("footer", {}, h("button.primary", { type: "button", autofocus: true, onclick: () => close() }, t("understood")))));
