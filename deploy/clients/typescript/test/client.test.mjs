// What the client does by itself, against a server that answers as it is told.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { afterEach, beforeEach, test } from "node:test";
import { answered, createClinch, events, Refused } from "../dist/index.js";

let server, baseUrl, asked, answers;

beforeEach(async () => {
  [asked, answers] = [[], []];
  server = createServer((request, response) => {
    asked.push({ method: request.method, url: request.url, headers: request.headers });
    const { status = 200, headers = {}, body = {}, cut = false } = answers.shift() ?? {};
    response.writeHead(status, { "Content-Type": "application/json", ...headers });
    response.write(typeof body === "string" ? body : JSON.stringify(body));
    if (cut) setTimeout(() => response.destroy(), 20);
    else response.end();
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  baseUrl = `http://127.0.0.1:${server.address().port}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const path = { lead_id: "0190a0a0-0000-7000-8000-000000000001" };
const clinch = () => createClinch({ baseUrl, token: async () => "abc" });

test("each change has a key of its own, a read has none", async () => {
  await clinch().POST("/v1/leads", { body: { company: "A" } });
  await clinch().POST("/v1/leads", { body: { company: "A" } });
  await clinch().GET("/v1/leads");
  assert.equal(asked[0].headers.authorization, "Bearer abc");
  assert.equal(new Set(asked.map((one) => one.headers["idempotency-key"])).size, 3);
  assert.equal(asked[2].headers["idempotency-key"], undefined);
});

test("what may succeed later is repeated with the same key, and its answer is given", async () => {
  answers = [{ status: 503, headers: { "Retry-After": "0" } }, { status: 409, headers: { "Retry-After": "0" } }, { status: 201, body: { id: "1" } }];
  const lead = answered(await clinch().POST("/v1/leads", { body: { company: "A" } }));
  assert.equal(lead.id, "1");
  assert.equal(asked.length, 3);
  assert.equal(new Set(asked.map((one) => one.headers["idempotency-key"])).size, 1);
});

test("a refusal that lasts is not repeated, and one that asks for a long wait is the caller's", async () => {
  answers = [{ status: 409, body: { code: "rejected", detail: "No.", unmet: [{ code: "x", message: "Because." }] } }, { status: 429, headers: { "Retry-After": "60" } }];
  const refused = await clinch().POST("/v1/leads", { body: {} }).then(answered).catch((error) => error);
  assert.ok(refused instanceof Refused);
  assert.equal(refused.message, "No. Because.");
  assert.equal((await clinch().GET("/v1/leads")).response.status, 429);
  assert.equal(asked.length, 2);
});

test("a change names the version that was read last, alone or in a list", async () => {
  const client = clinch();
  answers = [{ body: { items: [{ id: path.lead_id, version: 3 }] } }, { headers: { ETag: '"4.x"' } }, { status: 201, body: { lead_version: 7 } }, {}];
  await client.GET("/v1/leads");
  await client.POST("/v1/leads/{lead_id}/qualify", { params: { path } });
  await client.POST("/v1/leads/{lead_id}/interactions", { params: { path }, body: { kind: "call" } });
  await client.POST("/v1/leads/{lead_id}/qualify", { params: { path } });
  await client.POST("/v1/leads/{lead_id}/qualify", { params: { path, header: { "If-Match": "*" } } });
  assert.deepEqual(asked.map((one) => one.headers["if-match"]), [undefined, '"3"', '"4.x"', '"7"', "*"]);
});

test("what somebody else's client read is not known", async () => {
  answers = [{ headers: { ETag: '"4.x"' } }];
  await clinch().GET("/v1/leads/{lead_id}", { params: { path } });
  await clinch().POST("/v1/leads/{lead_id}/qualify", { params: { path } });
  assert.equal(asked[1].headers["if-match"], undefined);
});

test("a stream that is cut continues behind the last event, with a new token", async () => {
  const event = (n) => `event: clinch.lead.captured.v1\ndata: {"type": "clinch.lead.captured.v1", "n": ${n}}\nid: ${n}\n\n`;
  const stream = { "Content-Type": "text/event-stream" };
  answers = [{ body: { next_after: 4 } }, { headers: stream, body: event(5), cut: true }, { headers: stream, body: `event: end\ndata: {"code": "restarting"}\n\n` }, { headers: stream, body: event(6) }];
  const seen = [];
  for await (const { position } of events({ baseUrl, token: "abc" })) if (seen.push(position) === 2) break;
  assert.deepEqual(seen, [5, 6]);
  assert.deepEqual(asked.slice(1).map((one) => one.headers["last-event-id"]), ["4", "5", "5"]);
});

test("a gap and a refusal end the stream with an error", async () => {
  answers = [{ headers: { "Content-Type": "text/event-stream" }, body: `event: gap\ndata: {"code": "position_gone", "latest": 9}\n\n` }, { status: 403, body: { code: "person_inactive", detail: "Gone." } }];
  const read = async () => {
    for await (const _ of events({ baseUrl, token: "abc" }, { after: 1 }));
  };
  await assert.rejects(read, (error) => error.problem.code === "position_gone");
  await assert.rejects(read, (error) => error.problem.code === "person_inactive");
});

test("a code of a later release is told like any other", async () => {
  answers = [{ status: 409, body: { code: "not_in_space", detail: "This cannot be done in space.", unmet: [{ code: "earth", message: "It needs the earth." }] } }];
  await assert.rejects(
    async () => answered(await clinch().POST("/v1/leads", { body: { company: "A" } })),
    (error) => error instanceof Refused && error.problem.code === "not_in_space" && error.message.includes("It needs the earth."),
  );
});
