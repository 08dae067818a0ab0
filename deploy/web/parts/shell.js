// The frame around every view: where one can go, who one is, language and colours.

import { signOut } from "../auth.js";
import { h } from "../dom.js";
import { label, lang, t } from "../i18n.js";
import { link } from "../router.js";
import { myself, sees, sells } from "../session.js";

const VIEWS = [
  ["today", "☀", () => true],
  ["leads", "◎", () => sees("lead")],
  ["pipeline", "▤", sells],
  ["quotes", "▧", () => sees("deal")],
  ["approvals", "✓", () => sees("deal") || sees("contract")],
  ["prices", "¤", () => sees("deal")],
  ["funnel", "▽", () => sees("lead_figures")],
  ["kpis", "◔", () => sees("lead_figures") || sees("deal_figures") || sees("cash_figures")],
];
const THEME = "clinch.theme";
const THEMES = ["system", "light", "dark"];

export function applyTheme() {
  document.documentElement.dataset.theme = localStorage.getItem(THEME) ?? "system";
}

/** `main` is where views are drawn; `live` shows whether changes come by themselves. */
export function shell(changeLanguage) {
  const me = myself();
  const main = h("main", { id: "main", tabindex: "-1" });
  const live = h("span.live", { role: "status" });
  const links = VIEWS.filter(([, , shown]) => shown()).map(([name, sign]) =>
    h("a", { href: `#/${name}`, "data-view": name }, h("span", { "aria-hidden": "true" }, sign), t(`view_${name}`)));
  const who = h("div.who", {}, h("b", {}, me.person?.name ?? me.id), h("span", {}, me.roles.map((role) => label("role", role)).join(", ")));
  const asked = h("input", { type: "search", name: "q", "aria-label": t("search_all"), placeholder: t("search_all"), maxlength: 200 });
  const find = h("form.find", { role: "search", "aria-label": t("view_search"), onsubmit: (event) => {
    event.preventDefault();
    if (asked.value.trim()) location.hash = link("search", null, { q: asked.value.trim() });
  } }, asked);
  const top = h("header.top", {},
    h("a.brand", { href: "#/today" }, h("span.logo", { "aria-hidden": "true" }), "Clinch"),
    h("nav", { "aria-label": t("views") }, links), find,
    h("div.tools", {}, live, who,
      h("button.plain", { type: "button", onclick: changeLanguage, lang: lang() === "zh" ? "en" : "zh-CN" }, lang() === "zh" ? "English" : "中文"),
      h("button.plain", { type: "button", onclick: nextTheme, title: t("colours") }, t("colours")),
      h("a.plain", { href: "/docs" }, "API"),
      h("button.plain", { type: "button", onclick: signOut }, t("sign_out"))));
  const skip = h("a.skip", { href: "#main", onclick: (event) => {
    event.preventDefault();
    main.focus();
  } }, t("skip"));
  return {
    element: h("div.frame", {}, skip, top, main),
    main,
    at: (name, query = {}) => {
      links.forEach((one) => (one.dataset.view === name ? one.setAttribute("aria-current", "page") : one.removeAttribute("aria-current")));
      links.find((one) => one.dataset.view === name)?.scrollIntoView({ block: "nearest", inline: "nearest" });
      asked.value = name === "search" ? (query.q ?? "") : "";
    },
    live: (state) => {
      live.dataset.state = state;
      live.textContent = t(`stream_${state}`);
    },
  };
}

function nextTheme() {
  const now = localStorage.getItem(THEME) ?? "system";
  localStorage.setItem(THEME, THEMES[(THEMES.indexOf(now) + 1) % THEMES.length]);
  applyTheme();
  dispatchEvent(new Event("hashchange"));
}
