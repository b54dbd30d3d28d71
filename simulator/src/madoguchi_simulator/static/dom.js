/** Elements without a framework: one function for HTML, one for icons. */

/**
 * Build an element: `el("button", {class: "primary", onclick: send}, "送信")`.
 * Attributes that are false, null or undefined are left out; `on…` attaches a listener.
 */
export function el(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === null || value === undefined) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** A symbol of an SVG file, `size` units square; decorative, what is around it carries the name. */
export function drawing(symbol, size, className) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("viewBox", `0 0 ${size} ${size}`);
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", symbol);
  svg.append(use);
  return svg;
}

/** One drawing of `icons.svg`. */
export const icon = (name) => drawing(`/static/icons.svg#${name}`, "24", "icon");

/** A round button that shows an icon and says `label`. */
export function iconButton(name, label, attributes = {}) {
  return el("button", { type: "button", class: "icon-button", "aria-label": label, title: label, ...attributes }, icon(name));
}

/** Initial of a resident in a circle; its colour follows from the user id. */
export function avatar(resident) {
  const hue = [...resident.userId].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 6, 0);
  return el("span", { class: `avatar hue-${hue}`, "aria-hidden": "true" }, [...resident.displayName][0] ?? "?");
}

let ids = 0;

/** A fresh id for `for`, `aria-labelledby` and the like. */
export function uniqueId(prefix) {
  ids += 1;
  return `${prefix}-${ids}`;
}

/** Parts of a Flex message can be tapped without being buttons; keys must reach them too. */
export function pressLikeButton(event) {
  if (event.key !== "Enter" && event.key !== " ") return;
  if (!event.target.matches("[data-action][role=button]")) return;
  event.preventDefault();
  event.target.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
}
