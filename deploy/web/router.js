// Where the person is, and what they filter by, are in the address: #/pipeline?owner=... can be sent to somebody.

/** {name: "leads", id: "01a2..." or undefined, query: {...}} */
export function route() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [name, id] = path.split("/");
  return { name: name || "today", id, query: Object.fromEntries(new URLSearchParams(query)) };
}

export function link(name, id, query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(kept).toString();
  return `#/${name}${id ? `/${encodeURIComponent(id)}` : ""}${text ? `?${text}` : ""}`;
}

/** Change some of the query; the view is drawn again. */
export function setQuery(changes) {
  const { name, id, query } = route();
  location.hash = link(name, id, { ...query, ...changes });
}

/** Change it without drawing again, for what the view shows by itself. */
export function noteQuery(changes) {
  const { name, id, query } = route();
  history.replaceState(null, "", link(name, id, { ...query, ...changes }));
}
