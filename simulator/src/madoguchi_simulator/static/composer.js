/** Where a resident types, and the tray with photo, camera, place and stickers. */

import { el, icon, iconButton, uniqueId } from "./dom.js";
import { STICKERS, stickerArt } from "./stickers.js";
import { askForm } from "./sheet.js";

// Somewhere in Tokyo: the sample city is on no map.
const SAMPLE_PLACE = { title: "見本市役所の前", address: "見本市中央1丁目1番", latitude: "35.687574", longitude: "139.729220" };

const LARGEST = 5; // lines of the text field before it scrolls

export class Composer {
  /** `send(message)` and `sendFiles(files)` take what the resident made. */
  constructor({ phone, send, sendFiles }) {
    this.phone = phone;
    this.send = send;
    this.album = fileInput({ multiple: true, accept: "image/*,video/mp4" }, sendFiles);
    this.camera = fileInput({ accept: "image/*", capture: "environment" }, sendFiles);
    this.node = el("div", { class: "composer" }, this.#form(), this.#tray(), this.album, this.camera);
    this.#showSend();
  }

  /** Put `text` in the field and the cursor behind it. */
  type(text) {
    if (text) this.field.value = text;
    this.field.focus();
    this.#grow();
  }

  choosePhoto() {
    this.album.click();
  }

  takePhoto() {
    this.camera.click();
  }

  /** Ask where; a real place only if the browser gives it. */
  async askPlace() {
    const place = await askForm(this.phone(), {
      title: "位置情報を送る",
      submit: "この場所を送る",
      fields: [
        { name: "title", label: "場所の名前", value: SAMPLE_PLACE.title, maxlength: 100 },
        { name: "address", label: "住所", value: SAMPLE_PLACE.address, maxlength: 100 },
        { name: "latitude", label: "緯度", value: SAMPLE_PLACE.latitude, type: "number", step: "any", min: -90, max: 90, required: true },
        { name: "longitude", label: "経度", value: SAMPLE_PLACE.longitude, type: "number", step: "any", min: -180, max: 180, required: true },
      ],
      extra: navigator.geolocation ? [whereIAm] : [],
    });
    if (!place) return;
    const { title, address, latitude, longitude } = place;
    this.send({
      type: "location",
      ...(title ? { title } : {}),
      ...(address ? { address } : {}),
      latitude: Number(latitude),
      longitude: Number(longitude),
    });
  }

  #form() {
    const id = uniqueId("text");
    this.field = el("textarea", {
      id,
      rows: "1",
      maxlength: "5000",
      placeholder: "メッセージを入力",
      enterkeyhint: "send",
      oninput: () => this.#grow(),
      onkeydown: (event) => this.#key(event),
    });
    this.more = iconButton("plus", "写真などを送る", { "aria-expanded": "false", onclick: () => this.#toggleTray() });
    this.submit = iconButton("send", "送信", { type: "submit", class: "icon-button send" });
    const form = el(
      "form",
      { class: "line-of-text" },
      this.more,
      el("label", { for: id, class: "visually-hidden" }, "メッセージ"),
      this.field,
      this.submit,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#sendText();
    });
    return form;
  }

  /** Enter sends, but not the Enter that ends a conversion from kana to kanji. */
  #key(event) {
    const converting = event.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || converting) return;
    event.preventDefault();
    this.#sendText();
  }

  #sendText() {
    const text = this.field.value.trim();
    if (!text) return this.field.focus();
    this.field.value = "";
    this.#grow();
    this.send({ type: "text", text });
  }

  #grow() {
    this.field.style.setProperty("height", "auto");
    const most = LARGEST * Number.parseFloat(getComputedStyle(this.field).lineHeight) + 20;
    this.field.style.setProperty("height", `${Math.min(this.field.scrollHeight + 2, most || 140)}px`);
    this.#showSend();
  }

  #showSend() {
    this.submit.classList.toggle("ready", this.field.value.trim() !== "");
  }

  #tray() {
    const tile = (picture, label, run) =>
      el(
        "button",
        { type: "button", class: "tile", onclick: run },
        el("span", { class: `tile-picture ${picture}` }, icon(picture)),
        label,
      );
    this.stickers = el(
      "div",
      { class: "stickers", role: "group", "aria-label": "スタンプ", hidden: true },
      STICKERS.map((sticker) => {
        const { packageId, stickerId, name } = sticker;
        const send = () => this.#fromTray(() => this.send({ type: "sticker", packageId, stickerId }));
        return el("button", { type: "button", "aria-label": name, title: name, onclick: send }, stickerArt(sticker));
      }),
    );
    this.tiles = el(
      "div",
      { class: "tiles" },
      tile("photo", "写真・動画", () => this.#fromTray(() => this.choosePhoto())),
      tile("camera", "カメラ", () => this.#fromTray(() => this.takePhoto())),
      tile("place", "位置情報", () => this.#fromTray(() => this.askPlace())),
      tile("sticker", "スタンプ", () => {
        this.tiles.hidden = true;
        this.stickers.hidden = false;
        this.stickers.firstElementChild.focus();
      }),
    );
    this.tray = el("div", { class: "tray", hidden: true }, this.tiles, this.stickers);
    this.tray.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#toggleTray(false);
    });
    return this.tray;
  }

  #toggleTray(open = this.tray.hidden) {
    this.tray.hidden = !open;
    this.tiles.hidden = false;
    this.stickers.hidden = true;
    this.more.setAttribute("aria-expanded", String(open));
    this.more.classList.toggle("open", open);
    if (open) this.tiles.firstElementChild.focus();
    else this.more.focus();
  }

  #fromTray(run) {
    this.#toggleTray(false);
    run();
  }
}

function fileInput(attributes, take) {
  const input = el("input", { type: "file", hidden: true, tabindex: "-1", "aria-hidden": "true", ...attributes });
  input.addEventListener("change", () => {
    take([...input.files]);
    input.value = ""; // the same photo may be sent twice
  });
  return input;
}

/** A button that fills a form's coordinates with the browser's own. */
function whereIAm(form) {
  const problem = el("p", { class: "field-problem", role: "alert" });
  const ask = () => {
    problem.textContent = "調べています…";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        form.elements.title.value = "今いる場所";
        form.elements.address.value = "";
        form.elements.latitude.value = coords.latitude.toFixed(6);
        form.elements.longitude.value = coords.longitude.toFixed(6);
        problem.textContent = "";
      },
      () => (problem.textContent = "今いる場所は分かりませんでした。緯度と経度を入力してください。"),
      { timeout: 10_000 },
    );
  };
  return el("div", {}, el("button", { type: "button", class: "quiet", onclick: ask }, icon("place"), "今いる場所を入れる"), problem);
}
