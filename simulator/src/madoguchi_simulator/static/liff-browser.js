/**
 * The LIFF browser of one phone: a LIFF page in a sheet, and what the SDK in it may ask.
 *
 * The page is of another origin. It is framed under a name that the SDK knows, it asks by
 * `postMessage`, and it is answered only if it is of the app's origin.
 */

import * as api from "./api.js";
import { openAddress } from "./actions.js";
import { el, icon } from "./dom.js";
import { askForm, openSheet } from "./sheet.js";

const HOSTS = new Set(["liff.line.me", "miniapp.line.me", location.host]);
const PATH = /^\/\d+-[A-Za-z0-9]{8}(?:\/|$)/;

/** Whether a `URL` is a LIFF URL: LINE's, or the simulator's way to write it. */
export const isLiffUrl = (url) => HOSTS.has(url.host) && PATH.test(url.pathname);

/** Open a LIFF URL on `phone`; answers when its sheet is closed. */
export async function openLiff(url, phone) {
  let view;
  try {
    view = await api.openLiff(phone.resident.userId, url.href);
  } catch {
    return phone.say("このページは開けません");
  }
  const browser = new LiffBrowser(view, url, phone);
  await browser.sheet.closed;
  browser.leave();
  await api.closeLiff(view.view).catch(() => {});
  await phone.refresh();
}

class LiffBrowser {
  constructor(view, url, phone) {
    this.view = view;
    this.phone = phone;
    this.landed = false; // the first page that calls init() must be the primary one
    this.origin = new URL(view.endpoint).origin;
    this.frame = el("iframe", {
      name: "liff-browser",
      src: view.address,
      title: view.name,
      referrerpolicy: "no-referrer",
      allow: ["camera", "geolocation", "clipboard-write"].map((what) => `${what} ${this.origin}`).join("; "),
    });
    const outside = `/${view.liffId}${url.pathname.slice(1 + view.liffId.length)}${url.search}${url.hash}`;
    this.sheet = openSheet(phone.screen, {
      title: view.name,
      kind: `liff sheet-${view.size}`,
      content: [this.frame],
      tools: [
        el(
          "a",
          { class: "icon-button", href: outside, target: "_blank", rel: "noopener", "aria-label": "ほかのブラウザーで開く", title: "ほかのブラウザーで開く" },
          icon("outside"),
        ),
      ],
    });
    // The consent screen is LINE's own and as large as it needs; the page has the app's size.
    this.frame.addEventListener("load", () => this.sheet.dialog.classList.toggle("sheet-asks", isOurs(this.frame)));
    this.leaving = new AbortController();
    addEventListener("message", (event) => this.#hear(event), { signal: this.leaving.signal });
  }

  leave() {
    this.leaving.abort();
  }

  async #hear({ source, origin, data }) {
    if (source !== this.frame.contentWindow) return;
    if (origin === location.origin && data?.liff === "answered") return this.sheet.close(); // not allowed
    if (origin !== this.origin || !ANSWERS[data?.liff]) return;
    const answer = { liff: "answer", number: data.number };
    try {
      answer.value = await ANSWERS[data.liff](this, data);
    } catch ({ code = "UNKNOWN", message }) {
      answer.error = { code, message };
    }
    source.postMessage(answer, origin);
  }

  name(title) {
    if (title) this.sheet.dialog.querySelector("h2").textContent = this.frame.title = title;
  }
}

/** Whether a frame shows a page of the simulator; others' addresses are not told. */
function isOurs(frame) {
  try {
    return frame.contentWindow.location.origin === location.origin;
  } catch {
    return false;
  }
}

const refusal = (code, message) => Object.assign(new Error(message), { code });

/** Without what follows the #, which servers do not see and pages may use. */
const place = (address) => new URL(address).href.split("#")[0];

const ANSWERS = {
  /** `liff.init()`: tokens and context, if the page is where LINE sent it (R57). */
  async init(browser, { liffId, url, title }) {
    const { view } = browser;
    if (liffId !== view.liffId) throw refusal("INIT_FAILED", `${view.liffId} was opened, not ${liffId}`);
    if (!browser.landed && place(url) !== place(view.primaryUrl)) {
      throw refusal("INIT_FAILED", `redirected before liff.init(): ${place(view.primaryUrl)} was opened, this is ${place(url)}`);
    }
    browser.landed = true;
    browser.name(title);
    const { language } = browser.phone.resident;
    return { ...(await api.liffSession(view.view)), ...(language ? { language } : {}) };
  },

  title: (browser, { title }) => browser.name(title),
  close: (browser) => browser.sheet.close(),
  open: (browser, { url }) => openAddress(url, browser.phone),

  /** `liff.permission.requestAll()`: the consent screen once more, for all there is. */
  async permissions({ view, phone }) {
    const frame = el("iframe", { src: `/dialog/liff?view=${view.view}&all=1`, title: "許可の確認" });
    const sheet = openSheet(phone.screen, { title: "許可の確認", kind: "liff sheet-tall", content: [frame] });
    const answered = ({ source, data }) => {
      if (source === frame.contentWindow && data?.liff === "answered") sheet.close(data.outcome);
    };
    addEventListener("message", answered);
    const outcome = await sheet.closed;
    removeEventListener("message", answered);
    if (outcome !== "allowed") throw refusal("FORBIDDEN", "the resident did not allow it");
  },

  /** `liff.requestFriendship()`: whether the resident did, only `getFriendship()` tells. */
  async friendship({ phone }) {
    await phone.refresh();
    const { follows, blocked, userId } = phone.resident;
    if (follows) return;
    const [question, word] = blocked
      ? ["ブロックを解除して、お知らせを受け取りますか？", "ブロック解除"]
      : ["この公式アカウントを友だちに追加しますか？", "友だち追加"];
    const button = el("button", { type: "button", class: "primary", onclick: () => sheet.close(true) }, word);
    const content = [el("p", {}, question), el("p", {}, button)];
    const sheet = openSheet(phone.screen, { title: phone.page.account, content });
    if (!(await sheet.closed)) return;
    await api.follow(userId);
    await phone.refresh();
  },

  /** `liff.shareTargetPicker()`: whether it was sent. Friends' talks are not played, so there it ends. */
  async share({ phone }, { isMultiple }) {
    const others = (await api.residents()).filter(({ userId }) => userId !== phone.resident.userId);
    const kind = isMultiple ? "checkbox" : "radio";
    const choice = ({ userId, displayName }) =>
      el("label", { class: "target" }, el("input", { type: kind, name: "to", value: userId }), displayName);
    const list = el("fieldset", {}, el("legend", {}, "送る相手"), others.map(choice));
    const extra = others.length ? list : el("p", {}, "ほかに住民がいません");
    const form = { title: "シェア", submit: "送る", fields: [], extra: [() => extra] };
    const answer = await askForm(phone.screen, form);
    if (!answer?.to) return false;
    phone.say("シェアしました");
    return true;
  },

  /** `liff.scanCodeV2()`: there is no code to see, so what it says is typed. */
  async scan({ phone }) {
    const fields = [{ name: "value", label: "コードの中身", required: true }];
    const answer = await askForm(phone.screen, { title: "コードの読み取り", submit: "読み取る", fields });
    return answer?.value ?? null;
  },
};
