// What happens meanwhile: GET /v1/stream (docs/stream.md), read with fetch because EventSource cannot send a token.

import { Problem, send, withParams } from "./api.js";

const TYPES = ["lead", "deal", "quote", "contract", "milestone", "payment"].map((kind) => `clinch.${kind}.*`);
const WAIT = [1, 2, 5, 10, 30]; // seconds before the next attempt

const listeners = new Set();

/** Hear each event, as {type, subject, data ...}; `null` says that some were missed. Returns what ends it. */
export function listen(hear) {
  listeners.add(hear);
  return () => listeners.delete(hear);
}

const tell = (event) => listeners.forEach((hear) => hear(event));

/** Follow the stream until `signal` aborts; `state` hears "live" and "waiting". A tab that nobody looks at gives its connection back:
 * browsers open six to a host, over all tabs. It goes on where it was. */
export async function follow(signal, state) {
  let position = null;
  for (let failed = 0; !signal.aborted; ) {
    await looked();
    const seen = new AbortController();
    const look = () => document.hidden && seen.abort();
    document.addEventListener("visibilitychange", look);
    try {
      const headers = position === null ? {} : { "Last-Event-ID": position };
      const answer = await send("GET", withParams("/v1/stream", { types: TYPES }), { headers, signal: AbortSignal.any([signal, seen.signal]) });
      state("live");
      failed = 0;
      for await (const message of messages(answer.body)) {
        if (message.id) position = message.id;
        if (message.event === "gap") [position] = [null, tell(null)];
        else if (message.event && message.event !== "end") tell(JSON.parse(message.data));
      }
    } catch (error) {
      if (signal.aborted) return;
      if (seen.signal.aborted) continue;
      if (error instanceof Problem && error.status === 410) [position] = [null, tell(null)];
      else if (error instanceof Problem && error.status === 403) return state("off");
      failed += 1;
    } finally {
      document.removeEventListener("visibilitychange", look);
    }
    state("waiting");
    await new Promise((done) => setTimeout(done, 1000 * WAIT[Math.min(failed, WAIT.length - 1)]));
  }
}

/** Once somebody looks at the tab. */
const looked = () =>
  new Promise((done) => {
    const look = () => document.hidden || done(document.removeEventListener("visibilitychange", look));
    document.addEventListener("visibilitychange", look);
    look();
  });

async function* messages(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const blocks = (rest + value.replaceAll("\r\n", "\n")).split("\n\n");
    rest = blocks.pop();
    for (const block of blocks) yield parsed(block);
  }
}

function parsed(block) {
  const message = { data: "" };
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at > 0) {
      const [name, value] = [line.slice(0, at), line.slice(at + 1).replace(/^ /, "")];
      message[name] = name === "data" ? message.data + value : value;
    }
  }
  return message;
}
