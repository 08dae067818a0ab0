/** A typed client for the HTTP API of Clinch. */

import createFetchClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./generated/schema.js";
import { versions, idempotent, withToken, type Token } from "./middleware.js";
import { retrying, type Retries } from "./retry.js";

export { answered, only, Refused } from "./answer.js";
export { events, type ClinchEvent } from "./stream.js";
export type { Retries, Token };

/** The shapes of bodies and answers, by their names in the OpenAPI documents. */
export type Schemas = components["schemas"];
/** The data of each event, by its type. */
export type EventData = Schemas["EventData"];
export type Clinch = Client<paths, "application/json">;

export interface Options {
  /** The one origin of all services, for example `https://clinch.example.com`. */
  baseUrl: string;
  /** An access token, or what gives one: it is asked before each request, so that it can renew it. */
  token: Token;
  /** How often, and how long, a request that may succeed later is repeated. */
  retries?: Retries;
  fetch?: typeof globalThis.fetch;
}

/**
 * One person's client. It sends the token, gives each change an `Idempotency-Key`, sends the ETag that it last read of a record
 * as `If-Match`, and repeats what may succeed a moment later.
 */
export function createClinch({ baseUrl, token, retries, fetch = globalThis.fetch }: Options): Clinch {
  const client = createFetchClient<paths, "application/json">({ baseUrl, fetch: retrying(fetch, retries) });
  client.use(withToken(token), idempotent(), versions());
  return client;
}
