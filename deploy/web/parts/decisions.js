// Deciding an open step of an approval: of a quote, or of a contract in review. Each is asked with a comment; a rejection needs one.

import { act, get } from "../api.js";
import { h } from "../dom.js";
import { guard, label, t } from "../i18n.js";
import { missing } from "./actions.js";
import { toast } from "./dialog.js";
import { form } from "./form.js";

const DELEGATES = ["manager", "regional_head", "director", "sales_ops", "admin", "finance", "legal"];

/** Where a step is decided, and what the record calls it. `item` is one of `GET /v1/approvals`. */
const place = ({ quote_id, subject_id }) =>
  quote_id ? { path: `/v1/quotes/${quote_id}/decisions`, part: "step", group: "step" } : { path: `/v1/contracts/${subject_id}/reviews`, part: "part", group: "review_part" };

export const stepName = (item) => label(place(item).group, item.what);

/** Buttons for one open step. `allowed`: what the record says of deciding it, by `{allowed, unmet}`; without, the list has said that it waits
 * for whoever looks. */
export function decisions(item, done, { allowed, delegable } = {}) {
  return h("div.actions", {}, decide(item, "approved", done, allowed), decide(item, "rejected", done, allowed), delegable && delegate(item, done, delegable));
}

function decide(item, decision, done, { allowed = true, unmet = [] } = {}) {
  const says = t(decision === "approved" ? "approve" : "reject");
  const title = `${says}: ${stepName(item)}`;
  const comment = { name: "reason", title: t("comment"), kind: "long", required: decision === "rejected" };
  return button(says, `decide-${decision}`, decision === "approved", allowed, unmet, async () => {
    const { path, part } = place(item);
    const send = (given) => act("POST", path, { [part]: item.what, decision, content_hash: item.content_hash, ...given }, item.quote_id ? null : "*");
    return form(title, [comment], send, { button: says, before: item.says && h("p.quiet", {}, item.says) });
  }, done);
}

function delegate(item, done, { allowed, unmet }) {
  const says = t("delegate");
  return button(says, "delegate", false, allowed, unmet, async () => {
    const { items } = await get("/v1/team/people", { role: DELEGATES, active: true, sort: "name", limit: 200 });
    const { path, part } = place(item);
    const options = items.map(({ id, name, role }) => [id, `${name} · ${label("role", role)}`]);
    return form(`${says}: ${stepName(item)}`, [{ name: "person_id", title: t("who_decides"), kind: "choice", required: true, options }],
      (given) => act("POST", `${path}/delegate`, { [part]: item.what, ...given }, item.quote_id ? null : "*"), { button: says });
  }, done);
}

function button(says, name, primary, allowed, unmet, ask, done) {
  const perform = async () => {
    if (!allowed) return missing(says, unmet);
    if (!(await ask())) return done?.();
    toast(t("done_with", { action: says }));
    return done?.();
  };
  return h("button", { type: "button", class: `${primary ? "primary" : ""} ${allowed ? "" : "not-now"}`, "data-action": name, title: unmet.map(guard).join("\n"), onclick: perform }, says);
}
