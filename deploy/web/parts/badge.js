// Small marks: states, grades, scores.

import { h } from "../dom.js";
import { label, number } from "../i18n.js";

const TONES = {
  mql: "blue", sql: "green", converted: "green", converting: "blue", nurturing: "amber", disqualified: "grey", captured: "plain", merged: "grey",
  discovery: "plain", proposal: "blue", negotiation: "blue", closing: "green", won: "green", lost: "grey",
  signed: "green", active: "green", completed: "green", in_review: "amber", voided: "grey", terminated: "grey",
  pending_approval: "amber", approved: "green", superseded: "grey", withdrawn: "grey", open: "amber", dropped: "grey", waiting: "plain", viewed: "blue", declined: "grey", retired: "grey", paid: "green", waived: "grey",
  accepted: "green", sent: "blue", rejected: "grey", expired: "grey", confirmed: "green", refuted: "red", unknown: "plain",
};

export const badge = (group, value) => h("span.badge", { class: TONES[value] ?? "plain" }, label(group, value));

export const mark = (text, tone = "red") => h("span.badge", { class: tone }, text);

export const grade = (value) => h(`span.grade.grade-${value?.toLowerCase()}`, { title: label("grade", value) }, value ?? "–");

export const score = (value) =>
  h("span.score", {}, h("span.score-bar", { style: { "--part": `${Math.max(0, Math.min(100, value ?? 0))}%` } }), h("b", {}, number(value)));
