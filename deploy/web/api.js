// The HTTP API: docs/frontends.md.

import { renew, token } from "./auth.js";

/** A refusal (RFC 9457): `detail` for people, `code` for us, `unmet` when an action asks for more, `errors` for fields. */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? String(status));
    this.status = status;
    this.code = body.code ?? "";
    this.unmet = body.unmet ?? [];
    this.errors = body.errors ?? [];
    this.trace = body.trace_id ?? "";
  }
}

/** GET `path`; `params` without a value are left out, lists are joined by commas. */
export async function get(path, params = {}, { signal } = {}) {
  return (await send("GET", withParams(path, params), { signal })).json();
}

export function withParams(path, params) {
  const asked = Object.entries(params).filter(([, value]) => value !== undefined && value !== null && value !== "" && value.length !== 0);
  if (!asked.length) return path;
  const text = new URLSearchParams(asked.map(([name, value]) => [name, Array.isArray(value) ? value.join(",") : value]));
  return `${path}${path.includes("?") ? "&" : "?"}${text}`;
}

/** An action on a record of this version ("*": whatever it is). A retry has the same effect once: the key is made here. */
export async function act(method, path, body, version) {
  const headers = { "Content-Type": "application/json", "Idempotency-Key": crypto.randomUUID() };
  if (version !== undefined && version !== null) headers["If-Match"] = version === "*" ? "*" : `"${version}"`;
  const answer = await send(method, path, { headers, body: JSON.stringify(body ?? {}) });
  for (const [, id] of (answer.headers.get("Clinch-Settled") ?? "").matchAll(/id="([^"]+)"/g)) settled.set(id, Date.now());
  return answer.json();
}

const settled = new Map();
const LAG = 10_000; // milliseconds after which the list over all services has surely heard of it

/** Whether an action here has settled this work a moment ago: the list of open work may still show it. */
export const isSettled = (id) => Date.now() - (settled.get(id) ?? 0) < LAG;

/** Any request as whoever is signed in. Nothing is kept by the browser: the next one to sign in is somebody else. */
export async function send(method, path, { headers = {}, body, signal } = {}) {
  const ask = async (access) =>
    fetch(path, { method, body, signal, cache: "no-store", headers: { ...headers, Authorization: `Bearer ${access}` } });
  let answer = await ask(await token());
  if (answer.status === 401) answer = await ask(await renew());
  if (!answer.ok) throw new Problem(answer.status, await answer.json().catch(() => ({})));
  return answer;
}
