/** What happens when a resident taps an action of a message or a quick reply. */

import { el } from "./dom.js";
import { isLiffUrl, openLiff } from "./liff-browser.js";
import { askForm, openPage, openSheet } from "./sheet.js";

const ON_THIS_MACHINE = new Set(["127.0.0.1", "localhost", "[::1]", location.hostname]);

/**
 * Perform `action` (as in the Messaging API) on `phone`, which offers `sendText`,
 * `sendPostback`, `askPlace`, `takePhoto`, `choosePhoto`, `type`, `openMenu`, `say`, `screen`,
 * `resident` and `refresh`.
 */
export function perform(action, phone) {
  const run = ACTIONS[action.type];
  if (run) return run(action, phone);
  phone.say("この電話では使えないボタンです");
}

/** Actions after which the quick replies stay until something new is in the chat. */
export const KEEPS_CHIPS = new Set(["camera", "cameraRoll", "location", "datetimepicker", "uri", "clipboard"]);

const ACTIONS = {
  message: ({ text }, phone) => phone.sendText(text),

  postback: ({ data, displayText, text, inputOption, fillInText }, phone) => {
    // `text` is the older way to say the same, and comes as a message of its own.
    if (text && !displayText) phone.sendText(text);
    phone.sendPostback({ data, ...(displayText ? { displayText } : {}) });
    if (inputOption === "openRichMenu") phone.openMenu(true);
    else if (inputOption) phone.openMenu(false);
    if (inputOption === "openKeyboard") phone.type(fillInText ?? "");
  },

  uri: ({ uri, linkUri, label }, phone) => openAddress(uri ?? linkUri, phone, label),

  datetimepicker: async ({ data, mode, initial, min, max, label }, phone) => {
    const type = mode === "datetime" ? "datetime-local" : mode;
    const answer = await askForm(phone.screen, {
      title: label || "日時をえらぶ",
      submit: "決定",
      fields: [{ name: "when", label: WHAT_TO_CHOOSE[mode], type, value: initial, min, max, required: true }],
    });
    if (answer) phone.sendPostback({ data, params: { [mode]: answer.when.slice(0, LENGTH[mode]) } });
  },

  camera: (_, phone) => phone.takePhoto(),
  cameraRoll: (_, phone) => phone.choosePhoto(),
  location: (_, phone) => phone.askPlace(),

  clipboard: async ({ clipboardText }, phone) => {
    try {
      await navigator.clipboard.writeText(clipboardText);
      phone.say("コピーしました");
    } catch {
      showText(phone, "コピーする文", clipboardText);
    }
  },
};

const WHAT_TO_CHOOSE = { date: "日にち", time: "時刻", datetime: "日にちと時刻" };
const LENGTH = { date: 10, time: 5, datetime: 16 };

/** Open what a link, labelled so, names: pages of this machine in the phone, others in a new tab. */
export function openAddress(address, phone, label) {
  let url;
  try {
    url = new URL(address, location.href);
  } catch {
    return showText(phone, "開けないリンクです", address);
  }
  if (url.searchParams.get("openExternalBrowser") === "1") return window.open(url.href, "_blank", "noopener");
  if (isLiffUrl(url)) return openLiff(url, phone);
  if (url.protocol === "tel:") return showText(phone, "電話をかける番号", decodeURIComponent(url.pathname));
  if (url.protocol !== "http:" && url.protocol !== "https:") return showText(phone, "LINEの中で開きます", address);
  if (ON_THIS_MACHINE.has(url.hostname)) return openPage(phone.screen, url.href, label);
  window.open(url.href, "_blank", "noopener");
}

function showText(phone, title, text) {
  openSheet(phone.screen, { title, content: [el("p", { class: "large-text" }, text)] });
}
