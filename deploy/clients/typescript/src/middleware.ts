import type { Middleware } from "openapi-fetch";

export type Token = string | (() => string | Promise<string>);

const CHANGES = new Set(["POST", "PUT", "PATCH", "DELETE"]);

export function withToken(token: Token): Middleware {
  return {
    async onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${typeof token === "string" ? token : await token()}`);
      return request;
    },
  };
}

/** Each change has a key of its own, unless the caller gives one: repeating the request with it does nothing twice. */
export function idempotent(): Middleware {
  return {
    onRequest({ request }) {
      if (CHANGES.has(request.method) && !request.headers.has("Idempotency-Key"))
        request.headers.set("Idempotency-Key", crypto.randomUUID());
      return request;
    },
  };
}

/**
 * Sends the version of a record that was read last, alone or in a list, as `If-Match`, so that a change that somebody made since is
 * not overwritten: the answer is 412 then. An `If-Match` of the caller goes first. `most`: of how many records it is known.
 */
export function versions(most = 5000): Middleware {
  const read = new Map<string, string>();
  const keep = (path: string, version: string) => {
    read.delete(path);
    read.set(path, version);
    const oldest = read.size > most ? read.keys().next().value : undefined;
    if (oldest !== undefined) read.delete(oldest);
  };
  /** The longest path of a record that was read under which a path lies. */
  const recordOf = (path: string) => {
    while (path && !read.has(path)) path = path.slice(0, path.lastIndexOf("/"));
    return path;
  };
  return {
    onRequest({ request }) {
      const version = read.get(recordOf(pathOf(request)));
      if (version !== undefined && CHANGES.has(request.method) && !request.headers.has("If-Match")) request.headers.set("If-Match", version);
      return request;
    },
    async onResponse({ request, response }) {
      if (!response.ok) return;
      const [path, tag, made] = [pathOf(request), response.headers.get("ETag"), response.headers.get("Location")];
      if (tag) return keep(response.status === 201 && made ? new URL(made, request.url).pathname : recordOf(path) || path, tag);
      if (!response.headers.get("Content-Type")?.startsWith("application/json")) return;
      const body = (await response.clone().json()) as Body;
      if (request.method !== "GET") {
        const version = body.lead_version ?? body.deal_version;
        if (typeof version === "number") keep(recordOf(path), `"${version}"`);
      } else if (Array.isArray(body.items))
        for (const { id, version } of body.items) if (typeof version === "number") keep(`${path}/${id}`, `"${version}"`);
    },
  };
}

/** Where versions stand besides the ETag: in the items of lists, and in what hangs on a record. */
interface Body {
  items?: { id?: unknown; version?: unknown }[];
  lead_version?: unknown;
  deal_version?: unknown;
}

const pathOf = (request: Request) => new URL(request.url).pathname;
