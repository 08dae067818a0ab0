// Sign in: in development by choosing one of the sample people, elsewhere at the identity provider.

import { leave, samplePeople, signInAs } from "../auth.js";
import { fill, h } from "../dom.js";
import { lang, setLanguage, t } from "../i18n.js";
import { failed, skeleton } from "../parts/section.js";
import { DEVELOPMENT } from "../settings.js";

const ROLES = ["rep", "manager", "director", "kam", "marketing", "sales_ops", "legal", "finance", "csm", "auditor"];

/** `enter` goes on once somebody is signed in. */
export function signIn(enter, says) {
  const page = h("main.sign-in", { id: "main" });
  const draw = () => fill(page, h("div.card", {},
    h("h1", {}, h("span.logo", { "aria-hidden": "true" }), " Clinch"),
    says && h("p.refusal", { role: "alert" }, says),
    DEVELOPMENT ? people(enter) : elsewhere(),
    h("footer", {}, h("button.plain", { type: "button", onclick: () => {
      setLanguage(lang() === "zh" ? "en" : "zh");
      draw();
    } }, lang() === "zh" ? "English" : "中文"), h("a", { href: "/docs" }, t("api_docs")))));
  draw();
  return page;
}

const elsewhere = () => [h("p", {}, t("signed_out")), h("button.primary", { type: "button", onclick: leave }, t("sign_in"))];

function people(enter) {
  const place = h("div", {}, skeleton());
  const load = () => samplePeople().then((found) => fill(place, list(found, enter)), (error) => fill(place, failed(error, load)));
  load();
  return [h("p.quiet", {}, t("choose_person")), place];
}

function list(found, enter) {
  const at = (person) => (ROLES.indexOf(person.role) + ROLES.length + 1) % (ROLES.length + 1);
  const sorted = [...found].sort((a, b) => at(a) - at(b) || a.name.localeCompare(b.name));
  return h("ul.people", {}, sorted.map((person) => h("li", {}, h("button", { type: "button", "data-person": person.key, onclick: async () => {
    await signInAs(person.key);
    await enter();
  } }, h("span.avatar", { "aria-hidden": "true" }, initials(person.name)), h("b", {}, person.name),
  h("span.quiet", {}, `${person.role.replaceAll("_", " ")} · ${person.team.replaceAll("-", " ")}`)))));
}

const initials = (name) => name.split(" ").map((word) => word[0]).slice(0, 2).join("");
