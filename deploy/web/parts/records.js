// What a figure counted, record by record. Their names are asked for together, by one request for each kind.

import { get } from "../api.js";
import { h } from "../dom.js";
import { day, label, money, t } from "../i18n.js";
import { link } from "../router.js";
import { meet, nameOf } from "../session.js";
import { dialog } from "./dialog.js";
import { empty, section } from "./section.js";
import { further, table } from "./table.js";

const PAGE = 50;
const NAMES = {
  lead: { path: "/v1/leads", fields: ["id", "company", "title", "state", "contact_name"], name: (lead) => lead.company ?? lead.title ?? lead.contact_name, view: "leads" },
  deal: { path: "/v1/deals", fields: ["id", "name", "stage", "account_name"], name: (deal) => deal.name, view: "deals" },
  contract: { path: "/v1/contracts", fields: ["id", "number", "account_name"], name: (contract) => `${contract.number} ${contract.account_name}`, view: "contracts" },
};

/** A dialog with the records behind `path` (which a figure names); amounts are in `currency`. */
export const showRecords = (title, path, currency) => dialog(title, () => section(null, () => read(path), (page) => list(title, path, page, currency)), { wide: true });

async function read(path, cursor) {
  const page = await get(path, { limit: PAGE, cursor });
  await Promise.all([meet(page.items.map((record) => record.owner_id)), ...Object.keys(NAMES).map((kind) => nameAll(kind, page.items))]);
  return page;
}

async function nameAll(kind, items) {
  const these = items.filter((record) => record.kind === kind);
  if (!these.length) return;
  const { path, fields } = NAMES[kind];
  const found = await get(path, { id: [...new Set(these.map((record) => record.id))], fields, limit: 200 });
  const known = new Map(found.items.map((record) => [record.id, record]));
  for (const record of these) record.known = known.get(record.id);
}

function list(title, path, page, currency) {
  if (!page.items.length) return empty(t("no_records"));
  const columns = [
    { head: t("record"), cell: named },
    { head: t("what"), cell: (record) => label("measure", record.measure) },
    { head: t("when"), cell: (record) => day(record.at) },
    { head: t("owner"), cell: (record) => nameOf(record.owner_id) },
    { head: t("source"), cell: (record) => label("source", record.source) },
    { head: t("amount"), num: true, cell: (record) => money(record.amount, currency) },
  ];
  return table(title, columns, page.items, further(page, (cursor) => read(path, cursor)));
}

function named(record) {
  const kind = NAMES[record.kind];
  const name = (record.known && kind.name(record.known)) ?? record.external_id ?? record.id.slice(0, 8);
  return kind?.view && record.known ? h("a", { href: link(kind.view, record.id) }, name) : name;
}
