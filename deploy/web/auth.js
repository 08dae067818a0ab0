// Who is signed in. Tokens stay in memory; what outlives a redirect is in sessionStorage, which is one tab's own.

import { CLIENT, DEVELOPMENT, ISSUER } from "./settings.js";

const EARLY = 30; // seconds before its end that a token is renewed
const PENDING = "clinch.signing-in"; // the proof (RFC 7636) and the state of a redirect that is under way
const CHOSEN = "clinch.person"; // development: the sample person of this tab
const OUT = "clinch.signed-out"; // whoever signed out is not sent to the identity provider again at once

let held = null; // {access, refresh, identity, until}
let renewing = null;

export class SignInFailed extends Error {}

/** A good access token; null when nobody is signed in. */
export async function token() {
  if (held && held.until > Date.now() / 1000) return held.access;
  if (!held) return null;
  return renew();
}

/** A new token, also when the one there seems good; those who ask meanwhile get the same. */
export function renew() {
  renewing ??= (DEVELOPMENT ? asPerson(sessionStorage.getItem(CHOSEN)) : refresh()).finally(() => (renewing = null));
  return renewing;
}

/** Whoever is signed in when the page opens. False: show how to sign in. Does not return when it leaves for the identity provider. */
export async function start() {
  if (DEVELOPMENT) return (await asPerson(sessionStorage.getItem(CHOSEN))) !== null;
  const asked = new URLSearchParams(location.search);
  if (asked.has("state")) return comeBack(asked);
  if (sessionStorage.getItem(OUT)) return false;
  return leave();
}

export async function signOut() {
  const identity = held?.identity;
  held = null;
  sessionStorage.removeItem(CHOSEN);
  if (DEVELOPMENT) return location.assign("/");
  sessionStorage.setItem(OUT, "1");
  const { end_session_endpoint: end } = await discovered();
  if (!end) return location.assign("/");
  const asked = { client_id: CLIENT, post_logout_redirect_uri: `${location.origin}/`, ...(identity && { id_token_hint: identity }) };
  return location.assign(`${end}?${new URLSearchParams(asked)}`);
}

// -- Development: the sample people ------------------------------------------------------------------------------------

const here = () => new URL(ISSUER, location.href).pathname; // the same origin under whatever name the page was opened

export const samplePeople = async () => (await (await fetch(`${here()}/people`)).json()).items;

export async function signInAs(key) {
  sessionStorage.setItem(CHOSEN, key);
  return asPerson(key);
}

async function asPerson(key) {
  if (!key) return null;
  const answer = await fetch(`${here()}/token`, { method: "POST", body: new URLSearchParams({ sub: key }) });
  if (!answer.ok) throw new SignInFailed((await answer.json()).error_description);
  return keep(await answer.json());
}

// -- Elsewhere: OpenID Connect, authorization code with PKCE -------------------------------------------------------------

let discovery = null;

async function discovered() {
  discovery ??= fetch(`${ISSUER.replace(/\/$/, "")}/.well-known/openid-configuration`).then((answer) => {
    if (!answer.ok) throw new SignInFailed(`${ISSUER} answered ${answer.status}`);
    return answer.json();
  });
  try {
    return await discovery;
  } catch (error) {
    discovery = null;
    throw error instanceof SignInFailed ? error : new SignInFailed(`${ISSUER}: ${error.message}`);
  }
}

/** To the identity provider, and back to the same address. */
export async function leave() {
  const { authorization_endpoint: at } = await discovered();
  const proof = random(48);
  const state = random(24);
  const challenge = encoded(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(proof))));
  sessionStorage.removeItem(OUT);
  sessionStorage.setItem(PENDING, JSON.stringify({ proof, state, hash: location.hash }));
  const asked = { response_type: "code", client_id: CLIENT, redirect_uri: `${location.origin}/`, scope: "openid", state };
  location.assign(`${at}?${new URLSearchParams({ ...asked, code_challenge: challenge, code_challenge_method: "S256" })}`);
  return new Promise(() => {});
}

async function comeBack(asked) {
  const pending = JSON.parse(sessionStorage.getItem(PENDING) ?? "null");
  sessionStorage.removeItem(PENDING);
  history.replaceState(null, "", `/${pending?.hash ?? ""}`);
  if (asked.has("error")) throw new SignInFailed(asked.get("error_description") ?? asked.get("error"));
  if (!pending || pending.state !== asked.get("state")) throw new SignInFailed("state");
  const given = { grant_type: "authorization_code", code: asked.get("code"), redirect_uri: `${location.origin}/`, code_verifier: pending.proof };
  return keep(await tokens(given)) !== null;
}

/** Each refresh token is good once; the answer brings the next one. Without one, the identity provider is asked by a redirect. */
async function refresh() {
  const refreshing = held?.refresh;
  held = held && { ...held, refresh: null };
  if (!refreshing) return leave();
  try {
    return keep(await tokens({ grant_type: "refresh_token", refresh_token: refreshing }));
  } catch {
    return leave();
  }
}

async function tokens(given) {
  const { token_endpoint: at } = await discovered();
  const answer = await fetch(at, { method: "POST", body: new URLSearchParams({ client_id: CLIENT, ...given }) });
  const body = await answer.json();
  if (!answer.ok) throw new SignInFailed(body.error_description ?? body.error);
  return body;
}

function keep(given) {
  const until = Date.now() / 1000 + Math.max((given.expires_in ?? 60) - EARLY, 5);
  held = { access: given.access_token, refresh: given.refresh_token ?? null, identity: given.id_token ?? held?.identity, until };
  return held.access;
}

const random = (bytes) => encoded(crypto.getRandomValues(new Uint8Array(bytes)));

const encoded = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
