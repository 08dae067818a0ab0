export interface Retries {
  /** How often a request is sent at most; 1 is never again. */
  most?: number;
  /** The longest wait that an answer may ask for, in seconds; when it asks for more, the answer is the caller's. */
  longest?: number;
}

/**
 * `fetch` that repeats a request that may succeed a moment later: when the connection breaks, and when the answer has a `Retry-After`
 * (another service has not answered yet, too many requests, a restart). Only what does nothing twice is repeated: reads, and changes
 * with an `Idempotency-Key`.
 */
export function retrying(fetch: typeof globalThis.fetch, { most = 4, longest = 10 }: Retries = {}): (request: Request) => Promise<Response> {
  return async (request) => {
    const safe = request.method === "GET" || request.method === "HEAD" || request.headers.has("Idempotency-Key");
    for (let sent = 1; ; sent++) {
      const last = sent >= most || !safe;
      let wait = 0.2 * 2 ** sent * (0.5 + Math.random());
      try {
        const response = await fetch(last ? request : request.clone());
        const asked = Number(response.headers.get("Retry-After") ?? Number.NaN);
        if (last || response.ok || Number.isNaN(asked) || asked > longest) return response;
        wait = Math.max(asked, wait);
        await response.body?.cancel();
      } catch (error) {
        if (last || request.signal.aborted) throw error;
      }
      await pause(wait * 1000, request.signal);
    }
  };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    signal.addEventListener("abort", stop, { once: true });
  });
}
