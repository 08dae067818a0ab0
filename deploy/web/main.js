// Sign in, then draw the view that the address names, and draw it again when the address changes or something happens.

import { SignInFailed, start } from "./auth.js";
import { fill, h } from "./dom.js";
import { lang, loadLabels, setLanguage, t } from "./i18n.js";
import { applyTheme, shell } from "./parts/shell.js";
import { empty, failed, skeleton } from "./parts/section.js";
import { route } from "./router.js";
import { loadMe } from "./session.js";
import { follow, listen } from "./stream.js";
import { approvals } from "./views/approvals.js";
import { contract } from "./views/contract.js";
import { deal } from "./views/deal.js";
import { funnel } from "./views/funnel.js";
import { kpi, kpis } from "./views/kpis.js";
import { lead } from "./views/lead.js";
import { leads } from "./views/leads.js";
import { pipeline } from "./views/pipeline.js";
import { priceList, prices } from "./views/prices.js";
import { quote } from "./views/quote.js";
import { quotes } from "./views/quotes.js";
import { account, search } from "./views/search.js";
import { signIn } from "./views/signin.js";
import { today } from "./views/today.js";

/** By the first part of the address: the view, and the one of a single record. */
const VIEWS = { today: [today], leads: [leads, lead], deals: [pipeline, deal], pipeline: [pipeline], funnel: [funnel], kpis: [kpis, kpi],
  quotes: [quotes, quote], approvals: [approvals], contracts: [approvals, contract], prices: [prices, priceList], search: [search], accounts: [search, account] };
/** Whose place at the top is that of another view. */
const PLACE = { deals: "pipeline", contracts: "approvals" };
const SETTLED = 700; // milliseconds without another event, after which a view is read again

const app = document.getElementById("app");
let stop = null;

async function open() {
  applyTheme();
  setLanguage(lang());
  fill(app, skeleton());
  try {
    if (!(await start())) return fill(app, signIn(enter));
    await enter();
  } catch (error) {
    const says = error instanceof SignInFailed ? t("sign_in_failed", { why: error.message }) : null;
    fill(app, says ? signIn(enter, says) : failed(error, open));
  }
}

async function enter() {
  stop?.abort();
  stop = new AbortController();
  const { signal } = stop;
  await Promise.all([loadMe(), loadLabels()]);
  const frame = shell(async () => {
    setLanguage(lang() === "zh" ? "en" : "zh");
    await enter();
  });
  fill(app, frame.element);
  let view = null;
  const draw = () => {
    const where = route();
    const [list, one] = VIEWS[where.name] ?? [];
    const show = where.id ? one : list;
    frame.at(PLACE[where.name] ?? where.name, where.query);
    document.title = `${t(`view_${where.name}`)} · Clinch`;
    view = show ? show(where) : { element: empty(t("no_such_view"), h("a", { href: "#/today" }, t("view_today"))) };
    const name = document.activeElement?.closest("main") && document.activeElement.getAttribute("name");
    fill(frame.main, view.element);
    const again = name && frame.main.querySelector(`[name="${name}"]`);
    if (!again) return scrollTo(0, 0);
    again.focus();
    if (again.type === "search") again.setSelectionRange(again.value.length, again.value.length);
  };
  addEventListener("hashchange", draw, { signal });
  draw();
  const heard = [];
  let waiting;
  const end = listen((event) => {
    heard.push(event);
    clearTimeout(waiting);
    waiting = setTimeout(() => view?.live?.(heard.splice(0)), SETTLED);
  });
  signal.addEventListener("abort", end);
  follow(signal, frame.live);
}

open();
