/** One resident's phone: the account's page, the chat, the menu. */

import * as api from "./api.js";
import { KEEPS_CHIPS, openAddress, perform } from "./actions.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { avatar, el, icon, iconButton, pressLikeButton } from "./dom.js";
import { listen } from "./listen.js";
import { RichMenu } from "./richmenu.js";
import { openMenu, openPicture } from "./sheet.js";

const LONG_PRESS = 550; // milliseconds
const LEAST_TALK = 120; // pixels; with less in sight the menu gives way to what was said

export class Phone {
  /**
   * `page` offers `account` (name of the bot), `refresh()`, `switchFrom(phone)`,
   * `close(userId)` and `moveClock(seconds)`, which answers what time it is now.
   */
  constructor(resident, page) {
    this.resident = resident;
    this.page = page;
    this.leaving = new AbortController();
    this.usedChips = null;
    this.conversation = new Conversation({ account: page.account, onOwn: (row) => this.#ownMenu(row) });
    this.composer = new Composer({
      phone: () => this.screen,
      send: (message) => this.send(message),
      sendFiles: (files) => this.sendFiles(files),
    });
    this.menu = new RichMenu({ userId: resident.userId, tap: (action, area) => this.#tapMenu(action, area) });
    this.#build();
    this.#show("waiting");
    listen(resident.userId, {
      signal: this.leaving.signal,
      menu: () => this.menu.id,
      onAnswer: (answer) => this.#heard(answer),
      onConnection: (there) => this.#connected(there),
      onGone: () => this.#show("gone"),
    });
  }

  /** The resident as the simulator knows them now. */
  update(resident) {
    this.resident = resident;
    this.owner.textContent = resident.displayName;
    if (this.state !== "waiting") this.#showFriendship();
  }

  close() {
    this.leaving.abort();
    this.node.remove();
  }

  // What the resident does

  sendText(text) {
    return this.send({ type: "text", text });
  }

  send(message) {
    return this.#deliver(message, () => api.sendMessage(this.resident.userId, message));
  }

  /** Files chosen together travel together, so that the bot sees them as one set (R48). */
  async sendFiles(files) {
    const rows = files.map((file) => this.conversation.addPending(messageOf(file), { preview: URL.createObjectURL(file) }));
    this.#chips();
    try {
      const { messages } = await api.sendFiles(this.resident.userId, files);
      rows.forEach((row, place) => this.conversation.sent(row, messages[place]));
    } catch {
      rows.forEach((row, place) => this.conversation.failed(row, () => this.sendFiles([files[place]])));
    }
  }

  sendPostback(postback) {
    const call = () => api.sendPostback(this.resident.userId, postback);
    if (postback.displayText) return this.#deliver({ type: "text", text: postback.displayText }, call);
    return this.#quietly(call);
  }

  askPlace() {
    return this.composer.askPlace();
  }

  choosePhoto() {
    this.composer.choosePhoto();
  }

  takePhoto() {
    this.composer.takePhoto();
  }

  type(text) {
    this.composer.type(text);
  }

  /** A button may fold the menu, or unfold it. */
  openMenu(opened) {
    this.menu.open(opened);
  }

  /** Back in the chat: what happened meanwhile is there, and its end in sight. */
  async refresh() {
    await this.page.refresh().catch(() => {});
    this.conversation.toBottom();
  }

  /** A short word at the bottom of the phone. */
  say(text) {
    this.toast.textContent = text;
    this.toast.hidden = false;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => (this.toast.hidden = true), 4000);
  }

  async #deliver(message, call) {
    const row = this.conversation.addPending(message);
    this.#chips();
    try {
      this.conversation.sent(row, await call());
    } catch {
      this.conversation.failed(row, () => this.#deliver(message, call));
    }
  }

  /** A call without a bubble of its own; what went wrong is said in the chat. */
  async #quietly(call) {
    try {
      const { status } = await call();
      if (status !== undefined && status !== null && status !== 200) {
        this.conversation.remark(`窓口に届きませんでした (${status || "応答なし"})`);
      }
      return true;
    } catch {
      this.say("シミュレーターに届きませんでした。もう一度お試しください。");
      return false;
    }
  }

  async #befriend() {
    if (!(await this.#quietly(() => api.follow(this.resident.userId)))) return;
    await this.page.refresh();
    if (matchMedia("(hover: hover)").matches) this.composer.type("");
    else this.conversation.node.focus();
  }

  async #block() {
    if (await this.#quietly(() => api.unfollow(this.resident.userId))) await this.page.refresh();
  }

  // What the phone hears

  #heard({ entries, loading = false, richMenuId }) {
    this.#showMenu(richMenuId ?? "");
    this.conversation.add(entries);
    this.conversation.loading = loading;
    this.#chips();
    if (this.state === "waiting" || this.state === "gone" || entries.length) this.#showFriendship();
    if (entries.length) this.#keepTalkInSight();
  }

  /** The line that says otherwise takes room from the chat, whose end stays in sight. */
  #connected(there) {
    if (this.offline.hidden === there) return;
    this.offline.hidden = there;
    if (this.conversation.stick) this.conversation.toBottom();
  }

  /** The menu takes room from the chat, whose end stays in sight. */
  async #showMenu(id) {
    await this.menu.update(id);
    this.#keepTalkInSight();
    if (this.conversation.stick) this.conversation.toBottom();
  }

  #keepTalkInSight() {
    const { node, rows } = this.conversation;
    if (rows.length && this.state === "friend" && node.clientHeight < LEAST_TALK) this.menu.open(false);
  }

  /** Where a tab leads, the simulator knows. */
  async #tapMenu(action, area) {
    if (action.type !== "richmenuswitch") {
      api.countRichMenuTap(this.resident.userId, area).catch(() => {});
      return perform(action, this);
    }
    if (!(await this.#quietly(() => api.tapRichMenu(this.resident.userId, area)))) return;
    await this.menu.update(null);
  }

  /** The quick replies of the newest message (R39), until one is used. */
  #chips() {
    const last = this.conversation.lastFromBot;
    const items = (last && last !== this.usedChips && last.message?.quickReply?.items) || [];
    this.chips.replaceChildren(
      ...items.map(({ action, imageUrl }) =>
        el(
          "button",
          { type: "button", class: "chip", onclick: () => this.#tapChip(action, last) },
          imageUrl ? el("img", { src: imageUrl, alt: "" }) : null,
          action.label,
        ),
      ),
    );
    this.chips.hidden = !items.length;
    if (items.length && this.conversation.stick) this.conversation.toBottom();
  }

  #tapChip(action, entry) {
    if (!KEEPS_CHIPS.has(action.type)) this.usedChips = entry;
    perform(action, this);
    this.#chips();
  }

  // What it looks like

  #build() {
    const { resident, page } = this;
    this.owner = el("span", { class: "owner-name" }, resident.displayName);
    this.offline = el("p", { class: "offline", role: "status", hidden: true }, "シミュレーターとつながっていません。つなぎ直しています…");
    this.chips = el("div", { class: "chips", role: "group", "aria-label": "返事の候補", hidden: true });
    this.toast = el("p", { class: "toast", role: "status", hidden: true });
    this.profile = this.#accountPage();
    this.blocked = el(
      "div",
      { class: "blocked" },
      el("p", {}, "ブロックしています。メッセージは届きません。"),
      el("button", { type: "button", class: "primary", onclick: () => this.#befriend() }, "ブロック解除"),
    );
    this.missing = el(
      "div",
      { class: "missing" },
      el("p", {}, "この住民は見つかりません。"),
      el("button", { type: "button", class: "primary", onclick: () => page.close(resident.userId) }, "住民をえらぶ"),
    );
    this.chat = el(
      "div",
      { class: "chat" },
      this.conversation.node,
      this.conversation.newest,
      this.chips,
      this.composer.node,
      this.menu.node,
      this.blocked,
    );
    this.screen = el(
      "div",
      { class: "screen" },
      el(
        "header",
        { class: "bar" },
        el("img", { src: "/static/account.svg", alt: "" }),
        el("h1", {}, page.account, el("small", {}, "公式アカウント")),
        iconButton("more", "メニュー", { class: "icon-button menu-button", onclick: () => this.#menu() }),
      ),
      this.offline,
      this.profile,
      this.missing,
      this.chat,
      this.toast,
    );
    this.node = el(
      "section",
      { class: "phone", "aria-label": `${resident.displayName}さんの電話`, "data-resident": resident.userId },
      el(
        "div",
        { class: "owner" },
        el(
          "button",
          { type: "button", class: "owner-switch", title: "住民を切り替える", onclick: () => page.switchFrom(this) },
          avatar(resident),
          this.owner,
          el("span", { class: "visually-hidden" }, "さんの電話。住民を切り替える"),
          icon("down"),
        ),
        iconButton("close", `${resident.displayName}さんの電話を閉じる`, { class: "icon-button owner-close", onclick: () => page.close(resident.userId) }),
      ),
      this.screen,
    );
    this.node.addEventListener("click", (event) => this.#tap(event));
    this.node.addEventListener("keydown", (event) => pressLikeButton(event));
    this.#listenForLongPress();
  }

  #accountPage() {
    return el(
      "div",
      { class: "account" },
      el("img", { class: "account-cover", src: "/static/town.svg", alt: "" }),
      el("img", { class: "account-face", src: "/static/account.svg", alt: "" }),
      el("p", { class: "account-name" }, this.page.account),
      el("p", { class: "account-kind" }, "公式アカウント"),
      el("p", { class: "account-about" }, "友だちになると、トークで市の窓口に質問したり、お知らせを受け取ったりできます。"),
      el("button", { type: "button", class: "primary befriend", onclick: () => this.#befriend() }, icon("friend"), "友だち追加"),
    );
  }

  #showFriendship() {
    const { follows, blocked } = this.resident;
    if (follows) return this.#show("friend");
    this.#show(blocked ?? this.conversation.rows.length > 0 ? "blocked" : "stranger");
  }

  #show(state) {
    this.state = state;
    this.node.dataset.state = state;
    const chatting = state === "friend" || state === "blocked";
    this.profile.hidden = state !== "stranger";
    this.missing.hidden = state !== "gone";
    this.chat.hidden = !chatting;
    this.composer.node.hidden = state !== "friend";
    this.menu.node.classList.toggle("off", state !== "friend");
    this.blocked.hidden = state !== "blocked";
    this.chips.classList.toggle("off", state !== "friend");
    if (chatting && this.conversation.stick) this.conversation.toBottom();
  }

  #menu() {
    const { state } = this;
    const entry = (label, detail, picture, run, danger = false) => ({ label, detail, picture: icon(picture), run, danger });
    const friendship = {
      friend: entry("ブロック", "市からのメッセージを止めます", "block", () => this.#block(), true),
      blocked: entry("ブロック解除", "また受け取ります", "friend", () => this.#befriend()),
      stranger: entry("友だち追加", "トークを始めます", "friend", () => this.#befriend()),
    }[state];
    openMenu(this.screen, "メニュー", [
      ...(friendship ? [friendship] : []),
      entry("時計を1時間進める", "この見本の中の時刻だけが変わります", "clock", () => this.#moveClock(3600)),
      entry("時計を1日進める", "この見本の中の時刻だけが変わります", "clock", () => this.#moveClock(86400)),
      entry("住民を切り替える", "ほかの人になって試します", "people", () => this.page.switchFrom(this)),
    ]);
  }

  async #moveClock(seconds) {
    try {
      this.say(`今は ${await this.page.moveClock(seconds)} です`);
    } catch {
      this.say("時計を動かせませんでした");
    }
  }

  #ownMenu(row) {
    const { message, messageId } = row.entry;
    const items = [];
    if (messageId) {
      items.push({ label: "送信取消", detail: "市の側からも消えます", danger: true, run: () => this.#unsend(messageId) });
    }
    if (message.type === "text") {
      items.push({ label: "コピー", run: () => perform({ type: "clipboard", clipboardText: message.text }, this) });
    }
    if (items.length) openMenu(this.screen, "このメッセージ", items);
  }

  async #unsend(messageId) {
    if (await this.#quietly(() => api.unsend(this.resident.userId, messageId))) {
      this.conversation.markUnsent(messageId);
    }
  }

  /** Buttons, links and pictures inside messages. */
  #tap(event) {
    const action = event.target.closest("[data-action]");
    if (action) {
      event.preventDefault();
      return perform(JSON.parse(action.dataset.action), this);
    }
    const link = event.target.closest(".log a[href]");
    if (link) {
      event.preventDefault();
      return openAddress(link.getAttribute("href"), this);
    }
    const picture = event.target.closest(".enlarge")?.querySelector("img");
    if (picture) openPicture(this.screen, picture.src, picture.alt);
  }

  #listenForLongPress() {
    let timer;
    const cancel = () => clearTimeout(timer);
    this.conversation.node.addEventListener("pointerdown", (event) => {
      cancel();
      const node = event.target.closest(".from-resident");
      const row = node && this.conversation.rows.find((other) => other.node === node);
      if (row && event.isPrimary) timer = setTimeout(() => this.#ownMenu(row), LONG_PRESS);
    });
    for (const type of ["pointerup", "pointercancel", "pointerleave", "scroll"]) {
      this.conversation.node.addEventListener(type, cancel, true);
    }
  }
}

/** What a chosen file will be as a message. */
function messageOf({ type, name }) {
  const kind = type.split("/")[0];
  return { type: ["image", "video", "audio"].includes(kind) ? kind : "file", fileName: name };
}
