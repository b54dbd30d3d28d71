/** One message as it stands in the chat. */

import { contentUrl } from "./api.js";
import { el, icon } from "./dom.js";
import { stickerArt, stickerOf } from "./stickers.js";

/** LINE wants pictures under https, which a machine of one's own does not have. */
const OWN_MACHINE = /https:\/\/((?:127\.0\.0\.1|localhost)[:/])/g;
const DRAWN_HERE = new Set(["sticker", "location"]); // whoever sent them

/**
 * The body of a message, without time and sender.
 * What the bot sent comes as ready HTML from `madoguchi_messages`; what a resident sends is
 * drawn here, because before it has an id it exists on this page only.
 */
export function bodyOf(entry) {
  const { message = {}, html } = entry;
  const draw = DRAWINGS[message.type];
  if (html && entry.from === "bot" && !DRAWN_HERE.has(message.type)) return rendered(html, message.type);
  if (draw) return draw(message, entry);
  return html ? rendered(html, message.type) : el("div", { class: "bubble" }, `（${message.type ?? "メッセージ"}）`);
}

function rendered(html, type) {
  const body = el("div", { class: `rendered rendered-${type}` });
  body.innerHTML = html.replace(OWN_MACHINE, "http://$1");
  for (const picture of body.querySelectorAll("img")) {
    picture.addEventListener("error", () => standIn(picture));
    if (!picture.closest("a, button, [role=button]")) makeEnlargeable(picture);
  }
  return body;
}

/** The page's policy lets pictures of this machine in and no others. */
function standIn(picture) {
  const text = `${picture.alt || "画像"}（ここでは表示できません）`;
  (picture.closest(".enlarge") ?? picture).replaceWith(el("span", { class: "absent" }, text));
}

function makeEnlargeable(picture) {
  const button = el("button", { type: "button", class: "enlarge", "aria-label": "写真を大きく見る" });
  picture.replaceWith(button);
  button.append(picture);
}

/** The address of a resident's upload: on this page while it is sent, then the simulator's. */
const sourceOf = (message, entry) =>
  entry.preview ?? message.originalContentUrl ?? message.contentProvider?.originalContentUrl ?? contentUrl(message.id ?? entry.messageId);

const DRAWINGS = {
  text: (message) => el("div", { class: "bubble" }, ...withLinks(message.text)),

  sticker: (message) => {
    const sticker = stickerOf(message);
    return el("div", { role: "img", "aria-label": `スタンプ「${sticker.name}」` }, stickerArt(sticker));
  },

  image: (message, entry) =>
    el(
      "button",
      { type: "button", class: "enlarge", "aria-label": "写真を大きく見る" },
      el("img", { src: sourceOf(message, entry), alt: "送った写真" }),
    ),

  video: (message, entry) =>
    el("video", { class: "film", src: sourceOf(message, entry), controls: true, preload: "metadata" }),

  audio: (message, entry) => el("audio", { src: sourceOf(message, entry), controls: true }),

  file: (message) =>
    el("div", { class: "bubble attached" }, icon("file"), el("span", {}, message.fileName ?? "ファイル")),

  location: ({ title, address, latitude, longitude }) =>
    el(
      "div",
      { class: "bubble spot" },
      el("span", { class: "spot-map" }, icon("place")),
      el("strong", {}, title || "位置情報"),
      address ? el("span", {}, address) : null,
      el("small", {}, `${Number(latitude).toFixed(5)}, ${Number(longitude).toFixed(5)}`),
    ),
};

const ADDRESS = /https?:\/\/[^\s<>"'、。「」（）]+/g;

/** Text with its web addresses as links. */
function withLinks(text = "") {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    parts.push(text.slice(end, match.index), el("a", { href: match[0], class: "web" }, match[0]));
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}
