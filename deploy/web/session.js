// Who is signed in, and what people and teams are called.

import { get } from "./api.js";

let me = null;
let owning = null;
let asking = null;
const people = new Map();

export async function loadMe() {
  me = await get("/v1/me");
  owning = asking = null;
  people.clear();
  if (me.person) people.set(me.id, me.person);
  for (const team of me.teams) people.set(team.id, team);
}

export const myself = () => me;
export const sees = (kind) => me.sees.some((seen) => seen.kind === kind);
/** Whose work deals are; others, such as reviewers of contracts, see some of them and no figures. */
export const sells = () => sees("deal") && sees("deal_figures");
export const hasRole = (...roles) => me.roles.some((role) => roles.includes(role));
export const leads = () => hasRole("manager", "regional_head", "director", "admin", "sales_ops");

/** The name of a person or a team; ask `meet` first. */
export const nameOf = (id) => people.get(id)?.name ?? (id ? "…" : "–");

const OWNING = ["rep", "kam", "manager", "regional_head", "csm"];

/** People who may own records, by name, for a choice: [id, name]. Asked for once. */
export function owners() {
  owning ??= get("/v1/team/people", { role: OWNING, active: true, sort: "name", limit: 200 }).then(({ items }) => {
    for (const person of items) people.set(person.id, person);
    return items.map(({ id, name }) => [id, name]);
  });
  return owning;
}

/** Learn the names of all teams. */
export async function meetTeams() {
  asking ??= get("/v1/team/teams", { limit: 200 });
  for (const team of (await asking).items) people.set(team.id, team);
}

/** Learn the names of these people: all owners by one request, and by another one those who are none of them. */
export async function meet(ids) {
  if (ids.some((id) => id && !people.has(id))) await owners();
  const unknown = [...new Set(ids)].filter((id) => id && !people.has(id)).slice(0, 200);
  if (!unknown.length) return;
  for (const person of (await get("/v1/team/people", { id: unknown, limit: 200 })).items) people.set(person.id, person);
}
