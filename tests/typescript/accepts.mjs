// Each event of a file, as JSON by line, through the official SDK for JavaScript: made, validated, copied, read from HTTP and from Kafka.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const { CloudEvent, HTTP, Kafka } = createRequire(`${process.cwd()}/`)("cloudevents");
const lines = readFileSync(process.argv[2], "utf8").trim().split("\n");
for (const line of lines) {
  const { structured, headers, data } = JSON.parse(line);
  const event = new CloudEvent(structured);
  assert.equal(event.validate(), true);
  assert.equal(event.cloneWith({ subject: "another" }).subject, "another");
  const told = HTTP.toEvent({ headers: { "content-type": "application/cloudevents+json" }, body: JSON.stringify(structured) });
  const read = Kafka.toEvent({ headers, key: structured.subject, value: JSON.stringify(data), body: JSON.stringify(data) });
  for (const one of [event, told, read]) {
    assert.equal(one.validate(), true);
    assert.equal(one.type, structured.type);
    assert.deepEqual(one.data, data);
    assert.equal(new URL(one.dataschema).pathname, `/schemas/${one.type}.json`);
  }
}
console.log(lines.length);
