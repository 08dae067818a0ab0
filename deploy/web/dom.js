// Elements without markup in strings, so that no text of a customer can become markup.

/** h("button.primary", {type: "button", onclick}, "Save"): an element with classes, properties, listeners and children. */
export function h(what, props = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, set] of Object.entries(value)) element.style.setProperty(key, set);
    else if (name === "class") element.classList.add(...value.split(" ").filter(Boolean));
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function fill(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** A small line of numbers; decoration beside the numbers themselves. */
export function sparkline(values, width = 120, height = 32) {
  const known = values.filter((value) => value !== null);
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("class", "sparkline");
  svg.setAttribute("aria-hidden", "true");
  if (known.length < 2) return svg;
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const x = (at) => 2 + (at * (width - 4)) / (values.length - 1);
  const y = (value) => height - 3 - ((value - low) * (height - 6)) / (high - low || 1);
  const points = values.map((value, at) => (value === null ? null : `${x(at).toFixed(1)},${y(value).toFixed(1)}`)).filter(Boolean);
  const line = document.createElementNS(SVG, "polyline");
  line.setAttribute("points", points.join(" "));
  const [lastX, lastY] = points.at(-1).split(",");
  const dot = document.createElementNS(SVG, "circle");
  for (const [name, value] of [["cx", lastX], ["cy", lastY], ["r", 2.5]]) dot.setAttribute(name, value);
  svg.append(line, dot);
  return svg;
}
