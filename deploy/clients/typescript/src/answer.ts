import type { components } from "./generated/schema.js";

type Problem = components["schemas"]["Problem"];

/** A refusal of the API as an error: `problem.code` for code, `message` for people. */
export class Refused extends Error {
  constructor(readonly problem: Problem) {
    const unmet = (problem.unmet ?? []).map((one) => one.message);
    const errors = (problem.errors ?? []).map((one) => `${one.pointer}: ${one.message}`);
    super([problem.detail, ...unmet, ...errors].filter(Boolean).join(" "));
    this.name = "Refused";
  }
}

/**
 * The items of a list that was asked for these `fields` alone, as what they are then:
 * `only(answered(await clinch.GET("/v1/leads", { params: { query: { fields: ["id"] } } })), ["id"])`.
 */
export function only<I, F extends keyof I>(page: { items: I[] }, _fields: readonly F[]): Pick<I, F>[] {
  return page.items;
}

/** The data of an answer, or a `Refused` thrown: `const lead = answered(await clinch.GET(...))`. */
export function answered<D>(answer: { data?: D; error?: unknown; response: Response }): D {
  if (answer.response.ok) return answer.data as D;
  throw new Refused(answer.error as Problem);
}
