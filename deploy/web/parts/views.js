// Saved views of a list: chosen above it, and what is chosen now kept under a name. They are layouts: each reader sees their own records.

import { act, get } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { link, route } from "../router.js";
import { meet, myself, nameOf } from "../session.js";
import { toast } from "./dialog.js";
import { form } from "./form.js";

/** `names`: what the address calls a filter, by what the list calls it; a view with another filter is not one for this page. */
export function savedViews(kind, query, names) {
  const place = h("div.saved-views");
  const chosen = (view) => Object.fromEntries(Object.entries(view.filters).map(([name, value]) => [names[name], value]).concat(view.sort ? [["sort", view.sort]] : []));
  const known = [...Object.values(names), "sort"].filter((name) => query[name]);
  const isShown = (view) => {
    const wanted = chosen(view);
    return known.length === Object.keys(wanted).length && known.every((name) => wanted[name] === query[name]);
  };
  const go = (to) => {
    location.hash = link(route().name, undefined, to);
  };

  async function show() {
    const { items } = await get("/v1/views", { kind, limit: 200 });
    const views = items.filter((view) => Object.keys(view.filters).every((name) => name in names));
    await meet(views.map((view) => view.owner_id));
    const now = views.find(isShown);
    fill(place,
      views.length > 0 && h("label.filter", {}, h("span", {}, t("saved_views")),
        h("select", { name: "saved-view", onchange: (event) => go(chosen(views.find(({ id }) => id === event.target.value) ?? { filters: {} })) },
          h("option", { value: "" }, "–"),
          views.map((view) => h("option", { value: view.id, selected: view === now }, view.owner_id === myself().id ? view.name : `${view.name} · ${nameOf(view.owner_id)}`)))),
      known.length > 0 && !now && h("button", { type: "button", "data-action": "save-view", onclick: save }, t("save_view")),
      now?.owner_id === myself().id && h("button", { type: "button", "data-action": "remove-view", onclick: () => remove(now) }, t("remove_view")));
  }

  async function save() {
    const team = myself().teams.at(-1);
    const filters = Object.fromEntries(Object.entries(names).filter(([, name]) => query[name]).map(([name, at]) => [name, query[at]]));
    const fields = [{ name: "name", title: t("view_name"), required: true }, ...(team ? [{ name: "shared", title: t("share_view", { team: team.name }), kind: "check" }] : [])];
    const saved = await form(t("save_view"), fields, ({ name, shared }) =>
      act("POST", "/v1/views", { kind, name, filters, ...(query.sort && { sort: query.sort }), ...(shared && { team_id: team.id }) }));
    if (!saved) return;
    toast(t("done_with", { action: t("save_view") }));
    await show();
  }

  async function remove(view) {
    await act("DELETE", `/v1/views/${view.id}`, {}, "*");
    toast(t("done_with", { action: t("remove_view") }));
    await show();
  }

  show().catch(() => {}); // without them the list is whole
  return place;
}
