// A part of a view that loads by itself: it waits for no other, says what went wrong, and is read again when something changes.

import { fill, h } from "../dom.js";
import { t } from "../i18n.js";

/** `load(signal)` reads, `show(found)` gives elements. The element has `refresh()`. */
export function section(title, load, show, { aside, className = "", level = "h2" } = {}) {
  const body = h("div.section-body", {}, skeleton());
  const element = h("section.card", { class: className, "aria-busy": "true" },
    (title || aside) && h("header.section-head", {}, title ? h(level, {}, title) : h("span"), aside), body);
  let asked = 0;
  element.refresh = async () => {
    const mine = ++asked;
    try {
      const found = await load();
      if (mine === asked) fill(body, show(found));
    } catch (error) {
      if (mine === asked && error.name !== "AbortError") fill(body, failed(error, element.refresh));
    }
    if (mine === asked) element.removeAttribute("aria-busy");
  };
  element.refresh();
  return element;
}

/** Read once for several parts, until `again()`. */
export function once(load) {
  let asked = null;
  const read = () => (asked ??= load().catch((error) => { asked = null; throw error; }));
  read.again = () => (asked = null);
  return read;
}

/** Where there is no such record, its first part says so, once: the others go. */
export const onlyWhereThereIs = (read, parts) => read().catch(({ status }) => status === 404 && parts.slice(1).forEach((part) => part.remove()));

export const skeleton = () => h("div.skeleton", { role: "status" }, h("span.hidden", {}, t("loading")), h("i"), h("i"), h("i"));

/** What went wrong, and what to do next. */
export function failed(error, again) {
  const says = error.status === 403 ? t("not_yours") : error.status === 404 ? t("not_there") : error.status ? error.message : t("offline");
  return h("div.empty", { role: "alert" }, h("p", {}, says),
    error.trace && h("p.quiet", {}, t("trace", { id: error.trace })),
    error.status !== 403 && error.status !== 404 && again && h("button", { type: "button", onclick: again }, t("again")));
}

export const empty = (says, ...next) => h("div.empty", {}, h("p", {}, says), next);
