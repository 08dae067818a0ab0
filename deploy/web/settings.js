// What the index tells of where the page runs.

const meta = (name) => document.querySelector(`meta[name="clinch-${name}"]`)?.content ?? "";

export const ISSUER = meta("issuer");
export const CLIENT = meta("client");
export const DEVELOPMENT = meta("development") === "true";
