/** The rich menu below the chat: a picture with areas, or their labels where there is no picture. */

import * as api from "./api.js";
import { el, icon, uniqueId } from "./dom.js";

export class RichMenu {
  /** `tap(action, area)` is called with what an area does and its number. */
  constructor({ userId, tap }) {
    this.userId = userId;
    this.tap = tap;
    this.id = ""; // of the menu that is shown, or on its way
    this.opened = false;
    this.face = el("div", { class: "menu-face", id: uniqueId("richmenu"), role: "group", "aria-label": "リッチメニュー" });
    this.words = el("span");
    this.bar = el(
      "button",
      { type: "button", class: "menu-bar", "aria-controls": this.face.id, onclick: () => this.open(!this.opened) },
      this.words,
      icon("down"),
    );
    this.node = el("div", { class: "rich-menu", hidden: true }, this.bar, this.face);
  }

  /** Show the menu with this id, if it is another one than before. */
  async update(id) {
    if (id === this.id) return;
    this.id = id;
    try {
      this.#draw(await api.richMenu(this.userId));
    } catch {
      this.id = ""; // the next answer brings it again
    }
  }

  open(opened) {
    if (!opened && this.face.contains(document.activeElement)) this.bar.focus();
    this.opened = opened;
    this.face.hidden = !opened;
    this.bar.setAttribute("aria-expanded", String(opened));
  }

  #draw({ richMenu, richMenuId, image }) {
    this.id = richMenuId ?? "";
    this.node.hidden = !richMenu;
    if (!richMenu) return this.face.replaceChildren();
    const { size, areas, chatBarText, selected } = richMenu;
    const focused = [...this.face.querySelectorAll("button")].indexOf(document.activeElement);
    this.words.textContent = chatBarText;
    this.face.classList.toggle("drawn", !image);
    this.face.style.setProperty("aspect-ratio", `${size.width} / ${size.height}`);
    const buttons = areas.map(({ bounds, action }, area) => this.#area(bounds, size, action, area));
    this.face.replaceChildren(...(image ? [el("img", { src: image, alt: "" })] : []), ...buttons);
    this.open(selected || this.opened);
    // A tab that was pressed by key leaves the key where it was.
    if (focused >= 0) (buttons[focused] ?? buttons[0] ?? this.bar).focus();
  }

  #area(bounds, size, action, area) {
    const label = spoken(action);
    const tap = () => this.tap(action, area);
    const button = el("button", { type: "button", class: "menu-area", "aria-label": label, title: label, onclick: tap }, el("span", {}, label));
    const share = { left: bounds.x / size.width, width: bounds.width / size.width, top: bounds.y / size.height, height: bounds.height / size.height };
    for (const [property, part] of Object.entries(share)) button.style.setProperty(property, `${100 * part}%`);
    return button;
  }
}

/** What a screen reader says of an area: its label, else what little is known. */
const spoken = ({ type, label, text, displayText, uri }) => label || displayText || text || uri || UNNAMED[type] || "名前のないボタン";
const UNNAMED = { richmenuswitch: "ほかのメニュー", datetimepicker: "日時をえらぶ" };
