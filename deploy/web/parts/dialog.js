// Dialogs: the browser's own, with its focus and Escape.

import { h } from "../dom.js";
import { t } from "../i18n.js";

/** Show it; the promise ends when it is closed, with what `close` was given. */
export function dialog(title, content, { wide = false } = {}) {
  return new Promise((done) => {
    const id = `dialog-${crypto.randomUUID()}`;
    const close = (value) => {
      box.returned = value;
      box.close();
    };
    const box = h("dialog", { class: wide ? "wide" : "", "aria-labelledby": id },
      h("header.section-head", {}, h("h2", { id }, title), h("button.plain", { type: "button", "aria-label": t("close"), onclick: () => close() }, "✕")),
      content(close));
    box.addEventListener("click", (event) => event.target === box && close());
    box.addEventListener("close", () => {
      box.remove();
      done(box.returned);
    });
    addEventListener("hashchange", () => close(), { once: true });
    document.body.append(box);
    box.showModal();
  });
}

export function toast(text) {
  const note = h("div.toast", { role: "status" }, text);
  document.body.append(note);
  setTimeout(() => note.remove(), 4000);
}
