// Lines over time, by Apache ECharts. It is loaded when the first chart is shown, and never needed to read the numbers: a table says them too.

import { h } from "../dom.js";
import { t } from "../i18n.js";

let loading = null;

const library = () => (loading ??= import("../lib/echarts/index.js").then(({ echarts }) => echarts));

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** `series`: {name, values}; `show(value)` writes a value, `click(at)` is told which point was chosen. */
export function lines(title, labels, series, show, { click, height = 280 } = {}) {
  const place = h("div.chart", { role: "img", "aria-label": title, style: { height: `${height}px` } });
  library().then((echarts) => draw(echarts, place, labels, series, show, click)).catch(() => place.replaceChildren(h("p.quiet", {}, t("no_charts"))));
  return place;
}

function draw(echarts, place, labels, series, show, click) {
  const chart = echarts.init(place, null, { renderer: "canvas" });
  const text = { color: colour("quiet"), fontFamily: getComputedStyle(document.body).fontFamily };
  chart.setOption({
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    color: ["accent", "blue", "amber", "red", "green", "violet", "quiet"].map(colour),
    grid: { left: 8, right: 16, top: series.length > 1 ? 36 : 16, bottom: 8, outerBoundsMode: "same" },
    legend: { show: series.length > 1, textStyle: text, type: "scroll", top: 0 },
    // Drawn, because the page allows no styles that are written into markup.
    tooltip: { trigger: "axis", renderMode: "richText", confine: true, valueFormatter: show },
    xAxis: { type: "category", data: labels, axisLabel: text, axisLine: { lineStyle: { color: colour("line") } }, axisTick: { show: false } },
    yAxis: { type: "value", axisLabel: { ...text, formatter: show }, splitLine: { lineStyle: { color: colour("line") } } },
    series: series.map(({ name, values }) => ({
      name, type: "line", data: values, smooth: 0.2, symbolSize: 7, connectNulls: false, lineStyle: { width: 2.5 },
      areaStyle: series.length > 1 ? undefined : { opacity: 0.12 },
    })),
  });
  if (click) chart.on("click", (event) => click(event.dataIndex));
  new ResizeObserver(() => place.isConnected ? chart.resize() : chart.dispose()).observe(place);
}
