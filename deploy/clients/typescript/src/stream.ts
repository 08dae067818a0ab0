import { EventSourceParserStream } from "eventsource-parser/stream";
import type { components } from "./generated/schema.js";
import { answered, Refused } from "./answer.js";
import { createClinch, type Options } from "./index.js";

type EventData = components["schemas"]["EventData"];

/** A CloudEvent; `type` tells what its `data` is. */
export type ClinchEvent = {
  [T in keyof EventData]: Omit<components["schemas"]["CloudEventOut"], "type" | "data"> & { type: T; data: EventData[T] };
}[keyof EventData];

export interface Wanted {
  /** `clinch.deal.won.v1`, or many by `*`: `clinch.deal.*`. All that the person may see by default. */
  types?: string[];
  /** The position to continue behind; by default what happens from now on. */
  after?: number;
  signal?: AbortSignal;
}

/** The end of a stream that begins again at once, with a new token. */
const AGAIN = new Set(["restarting", "unauthorized", "unavailable"]);

/**
 * What happens to the records that the person may see, as it happens: `for await (const { event, position } of events(...))`.
 *
 * A cut connection is opened again where it broke off. It throws `Refused` when the person may not read on, and with the code
 * `position_gone` when events behind `after` have been deleted: read the lists again, then continue from `latest`.
 */
export async function* events(
  options: Options,
  { types = [], after, signal }: Wanted = {},
): AsyncGenerator<{ position: number; event: ClinchEvent }> {
  const { baseUrl, token, fetch = globalThis.fetch } = options;
  // A place to begin at: a connection that breaks before the first event would leave out what happens until the next one.
  let position = after ?? answered(await createClinch(options).GET("/v1/events", { params: { query: { after: "latest", limit: 1 } } })).next_after;
  for (let wait = 0; !signal?.aborted; wait = Math.min(wait * 2 + 500, 15_000)) {
    if (wait) await new Promise((resolve) => setTimeout(resolve, wait));
    const address = new URL("/v1/stream", baseUrl);
    if (types.length) address.searchParams.set("types", types.join(","));
    const headers = { Authorization: `Bearer ${typeof token === "string" ? token : await token()}`, "Last-Event-ID": String(position) };
    const response = await fetch(address, { headers, ...(signal ? { signal } : {}) }).catch(() => undefined);
    if (!response || response.status >= 500 || response.status === 429) continue;
    if (!response.ok || !response.body) throw new Refused(await response.json());
    try {
      const read = response.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
      for await (const message of read as unknown as AsyncIterable<{ id?: string; event?: string; data: string }>) {
        wait = 0;
        if (message.event === "gap") throw new Refused(JSON.parse(message.data));
        if (message.event === "end") {
          const end = JSON.parse(message.data);
          if (!AGAIN.has(end.code)) throw new Refused(end);
          break;
        }
        position = Number(message.id);
        yield { position, event: JSON.parse(message.data) };
      }
    } catch (error) {
      if (error instanceof Refused) throw error;
    }
  }
}
