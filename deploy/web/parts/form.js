// A form in a dialog, made from a list of fields; a refusal is shown in it and nothing that was typed is lost.

import { fill, h } from "../dom.js";
import { guard, lang, t } from "../i18n.js";
import { dialog } from "./dialog.js";

/** `fields`: {name, title, kind: text|long|choice|day|time|number|check, options, required, value, hint}, or one with an `element` of its own
 * that `read` tells the value of. Sends by `submit(values)`, gives its answer. */
export function form(title, fields, submit, { button = t("save"), before, wide } = {}) {
  return dialog(title, (close) => {
    const wrong = h("div");
    const inputs = fields.map(input);
    const send = h("button.primary", { type: "submit" }, button);
    return h("form.form", { onsubmit: async (event) => {
      event.preventDefault();
      send.disabled = true;
      try {
        close(await submit(read(fields, event.target)));
      } catch (problem) {
        send.disabled = false;
        fill(wrong, refusal(problem));
      }
    } }, before, inputs, wrong, h("footer", {}, h("button", { type: "button", onclick: () => close() }, t("cancel")), send));
  }, { wide });
}

function input({ name, title, kind = "text", options = [], required, value, hint, element }) {
  if (element) return element;
  const props = { name, required, placeholder: hint };
  const control = {
    long: () => h("textarea", { ...props, rows: 3, maxlength: 4000 }, value ?? ""),
    choice: () => h("select", props, !required && h("option", { value: "" }, "–"),
      options.map(([key, text]) => h("option", { value: key, selected: key === value }, text))),
    day: () => h("input", { ...props, type: "date", value: value ?? "" }),
    time: () => h("input", { ...props, type: "datetime-local", value: value ?? "" }),
    number: () => h("input", { ...props, inputmode: "decimal", value: value ?? "" }),
    check: () => h("input", { name, type: "checkbox", checked: value ?? false }),
    text: () => h("input", { ...props, maxlength: 500, value: value ?? "" }),
  }[kind]();
  return h("label.field", { class: kind }, h("span", {}, title, required && h("em", { "aria-hidden": "true" }, " *")), control);
}

function read(fields, element) {
  const values = {};
  for (const { name, kind, read: own } of fields) {
    const control = element.elements[name];
    if (own) values[name] = own(element);
    else if (kind === "check") values[name] = control.checked;
    else if (control.value !== "") values[name] = kind === "time" ? new Date(control.value).toISOString() : control.value;
  }
  return values;
}

/** Why something was refused: what is unmet, one by one, or what is wrong with which field. */
export function refusal(problem) {
  const unmet = problem.unmet ?? [];
  const lines = [...unmet.map(guard), ...(problem.errors ?? []).map(({ message, pointer }) => (pointer ? `${pointer.slice(1)}: ${message}` : message))];
  if (problem.status === 412) return h("p.refusal", { role: "alert" }, t("changed_meanwhile"));
  const says = !problem.status ? t("offline") : unmet.length > 0 && lang() !== "en" ? t("not_yet") : problem.message;
  return h("div.refusal", { role: "alert" }, h("p", {}, says),
    lines.length > 0 && h("ul", {}, lines.map((line) => h("li", {}, line))));
}
