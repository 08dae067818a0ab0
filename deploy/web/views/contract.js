// A contract: what it is about, its review, what falls due and what is paid.

import { get } from "../api.js";
import { h } from "../dom.js";
import { day, dayAndTime, exact, label, t } from "../i18n.js";
import { review } from "../parts/approval.js";
import { badge } from "../parts/badge.js";
import { empty, once, onlyWhereThereIs, section } from "../parts/section.js";
import { facts, table } from "../parts/table.js";
import { timeline } from "../parts/timeline.js";
import { link } from "../router.js";
import { meet, nameOf } from "../session.js";

export function contract({ id }) {
  const read = once(async () => {
    const found = await get(`/v1/contracts/${id}`);
    await meet([found.owner_id, ...(found.approval?.steps ?? []).flatMap((step) => [step.decided_by, step.delegate_id])]);
    return found;
  });
  const parts = [
    section(null, read, head, { className: "wide" }),
    section(t("approval"), read, (found) => review(found, again), { className: "wide" }),
    section(t("payment_plan"), read, milestones, { className: "wide" }),
    timeline(`/v1/contracts/${id}/timeline`, "wide"),
  ];
  onlyWhereThereIs(read, parts);
  function again() {
    read.again();
    parts.forEach((part) => part.refresh());
  }
  return { element: h("div.view", {}, h("p", {}, h("a", { href: "#/approvals" }, `← ${t("view_approvals")}`)), h("div.grid", {}, parts)),
    live: (events) => events.some((event) => !event || event.subject === id || event.data?.contract_id === id) && again() };
}

function head(found) {
  document.title = `${found.number} · Clinch`;
  return [
    h("h1", {}, found.number, " ", badge("contract_state", found.state)),
    h("p.quiet", {}, found.account_name),
    facts(
      [t("total"), h("b", {}, exact(found.total))], [t("net"), exact(found.net)], [t("paid"), exact(found.paid)], [t("outstanding"), exact(found.outstanding)],
      [t("owner"), nameOf(found.owner_id)], [t("deal"), h("a", { href: link("deals", found.deal_id) }, t("open_deal"))],
      [t("kind_quote"), h("a", { href: link("quotes", found.quote_id) }, t("open_quote"))],
      [t("drafted"), day(found.drafted_at)], found.signed_at && [t("signed"), dayAndTime(found.signed_at)], found.live_on && [t("live_on"), day(found.live_on)],
    ),
  ];
}

function milestones({ milestones: all }) {
  if (!all.length) return empty(t("no_plan"));
  return table(t("payment_plan"), [
    { head: t("falls_due"), cell: (one) => label("trigger", one.trigger) },
    { head: t("state"), cell: (one) => badge("milestone_state", one.state) },
    { head: t("due"), cell: (one) => day(one.due_day) },
    { head: t("amount"), num: true, cell: (one) => exact(one.amount) },
    { head: t("paid"), num: true, cell: (one) => exact(one.paid) },
  ], all);
}
