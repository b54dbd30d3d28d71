/** What slides up over one phone: menus, forms, pages and pictures. Esc closes it. */

import { el, icon, iconButton, uniqueId } from "./dom.js";

/**
 * Open a sheet over the screen of `phone` (an element).
 * `kind` is "menu", "form", "page" or "picture" and decides the look only.
 * Answers `{dialog, close, closed}`; `closed` resolves with what `close(value)` was given.
 */
export function openSheet(phone, { title, kind = "form", content = [], tools = [] }) {
  const heading = uniqueId("sheet");
  const dialog = el(
    "dialog",
    { class: `sheet sheet-${kind}`, "aria-labelledby": heading },
    el(
      "div",
      { class: "sheet-box" },
      el(
        "header",
        { class: "sheet-head" },
        el("h2", { id: heading }, title),
        tools,
        iconButton("close", "閉じる", { class: "icon-button sheet-close", onclick: () => close() }),
      ),
      el("div", { class: "sheet-body" }, content),
    ),
  );
  let settle;
  const closed = new Promise((resolve) => (settle = resolve));
  const place = () => coverPhone(dialog, phone);
  const observer = new ResizeObserver(place);

  function close(value = null) {
    observer.disconnect();
    dialog.close();
    dialog.remove();
    settle(value);
  }

  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) close();
  });
  document.body.append(dialog);
  place();
  dialog.showModal();
  observer.observe(document.documentElement);
  observer.observe(phone);
  return { dialog, close, closed };
}

/** A dialog lives in the top layer, so it is laid over its phone by hand. */
function coverPhone(dialog, phone) {
  const { left, top, width, height } = phone.getBoundingClientRect();
  for (const [property, value] of Object.entries({ left, top, width, height })) {
    dialog.style.setProperty(property, `${value}px`);
  }
  dialog.style.setProperty("border-radius", getComputedStyle(phone).borderRadius);
}

/** A menu of `{label, detail?, danger?, icon?, run}`; the sheet closes before `run`. */
export function openMenu(phone, title, items) {
  const list = el("ul", { class: "menu" });
  const sheet = openSheet(phone, { title, kind: "menu", content: [list] });
  for (const { label, detail, danger, picture, run } of items) {
    const choose = () => {
      sheet.close();
      run();
    };
    list.append(
      el(
        "li",
        {},
        el(
          "button",
          { type: "button", class: danger ? "menu-item danger" : "menu-item", onclick: choose },
          picture,
          el("span", { class: "menu-text" }, label, detail ? el("small", {}, detail) : null),
        ),
      ),
    );
  }
  list.querySelector("button")?.focus();
  return sheet;
}

/**
 * A form in a sheet. Answers its values by field name, or null when it was closed.
 * `fields`: `{name, label, value?, ...attributes of the input}`.
 */
export async function askForm(phone, { title, submit, fields, extra = [] }) {
  const form = el("form", { class: "sheet-form" });
  for (const { name, label, value, ...attributes } of fields) {
    const id = uniqueId("field");
    form.append(
      el("label", { for: id }, label),
      el("input", { id, name, value, autocomplete: "off", ...attributes }),
    );
  }
  form.append(...extra.map((build) => build(form)), el("button", { class: "primary" }, submit));
  const sheet = openSheet(phone, { title, content: [form] });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sheet.close(Object.fromEntries(new FormData(form)));
  });
  form.querySelector("input")?.focus();
  return sheet.closed;
}

/** A picture as large as the phone. */
export function openPicture(phone, source, description) {
  const title = description || "写真";
  openSheet(phone, { title, kind: "picture", content: [el("img", { src: source, alt: title })] });
}

/** A page of this machine inside the phone; its own title is not to be seen from here. */
export function openPage(phone, address, title) {
  const outside = el(
    "a",
    { class: "icon-button", href: address, target: "_blank", rel: "noopener", "aria-label": "新しいタブで開く", title: "新しいタブで開く" },
    icon("outside"),
  );
  const frame = el("iframe", { src: address, title: "開いたページ", allow: "camera; geolocation; clipboard-write" });
  openSheet(phone, { title: title || new URL(address).host, kind: "page", content: [frame], tools: [outside] });
}
