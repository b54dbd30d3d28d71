/** The list of messages of one phone: what the simulator says, and what is on its way. */

import { bodyOf } from "./bubble.js";
import { el, iconButton } from "./dom.js";
import { dayOf, moment, timeOf } from "./when.js";

const NEAR_BOTTOM = 80; // pixels; a reader this near wants to see the newest
const GROUP = 5 * 60 * 1000; // milliseconds; further apart, the sender is named again

export class Conversation {
  /** `account`: name of the bot; `onOwn(row)`: its ⋯ was chosen. */
  constructor({ account, onOwn }) {
    this.account = account;
    this.onOwn = onOwn;
    this.rows = []; // {entry, node, note, state}
    this.node = el("div", { class: "log", role: "log", "aria-live": "polite", "aria-label": "トーク", tabindex: "0" });
    this.newest = el(
      "button",
      { type: "button", class: "newest", hidden: true, onclick: () => this.toBottom() },
      "新しいメッセージ ↓",
    );
    this.node.addEventListener("scroll", () => this.nearBottom() && (this.newest.hidden = true));
    // Pictures get their height late.
    this.node.addEventListener("load", () => this.stick && this.toBottom(), true);
    this.stick = true;
  }

  /** Entries from the simulator, in order; one that is known already replaces its row. */
  add(entries) {
    const first = !this.rows.length;
    for (const entry of entries) {
      if (entry.unsent || entry.via === "unsend") {
        this.#take(entry);
        continue;
      }
      const row = this.#waitingFor(entry);
      if (row) this.#redraw(row, { ...entry, preview: row.entry.preview }, "sent");
      else this.#append(entry, "sent", first);
    }
  }

  /** A message on its way: shown at once, `sent` or `failed` is said later. */
  addPending(message, extra = {}) {
    const last = this.rows.at(-1);
    const at = Math.max(Date.now(), last ? moment(last.entry.at) : 0); // the simulator's clock may be ahead
    return this.#append({ from: "resident", message, at, ...extra }, "pending");
  }

  /** The simulator took it; `status` is what the gateway answered to the webhook. */
  sent(row, { messageId, status } = {}) {
    if (messageId) row.entry.messageId ??= messageId;
    const double = this.rows.find((other) => other !== row && messageId && other.entry.messageId === messageId);
    if (double) this.#remove(row);
    else if (row.state === "pending") this.#setState(row, "sent");
    this.gatewaySaid(double ?? row, status);
  }

  /** It did not even reach the simulator. */
  failed(row, again) {
    this.#setState(row, "failed");
    const retry = () => {
      this.#remove(row);
      again();
    };
    row.note.replaceChildren("送れませんでした ", el("button", { type: "button", class: "again", onclick: retry }, "もう一度送る"));
  }

  /** A small note under a message whose webhook the gateway did not take. */
  gatewaySaid(row, status) {
    if (status === undefined || status === null || status === 200) return;
    row.note.replaceChildren(`窓口に届きませんでした (${status || "応答なし"})`);
  }

  /** A line in the middle of the chat. */
  remark(text) {
    this.node.append(el("p", { class: "remark" }, text));
    if (this.stick) this.toBottom();
  }

  /** The row of a message that was unsent becomes a line that says so. */
  markUnsent(messageId) {
    const row = this.rows.find(({ entry }) => entry.messageId === messageId);
    if (row) this.#unsend(row);
  }

  /** The dots of the loading animation. */
  set loading(on) {
    this.dots?.remove();
    this.dots = null;
    if (!on) return;
    const dots = el("div", { class: "bubble dots", role: "img", "aria-label": "返事を準備しています" }, el("i"), el("i"), el("i"));
    this.dots = el("div", { class: "row from-bot first" }, this.#face(), el("div", { class: "row-body" }, dots));
    this.node.append(this.dots);
    if (this.stick) this.toBottom();
  }

  /** The last message, if it is the bot's: its quick replies are on show. */
  get lastFromBot() {
    const last = this.rows.at(-1);
    return last?.entry.from === "bot" ? last.entry : null;
  }

  toBottom() {
    this.node.scrollTop = this.node.scrollHeight;
    this.newest.hidden = true;
    this.stick = true;
  }

  nearBottom() {
    const { scrollHeight, scrollTop, clientHeight } = this.node;
    this.stick = scrollHeight - scrollTop - clientHeight < NEAR_BOTTOM;
    return this.stick;
  }

  #append(entry, state, quiet = false) {
    const row = { entry, state, note: el("p", { class: "note" }) };
    const previous = this.rows.at(-1)?.entry;
    const stick = entry.from === "resident" || this.stick;
    row.first = !previous || previous.from !== entry.from || moment(entry.at) - moment(previous.at) > GROUP;
    row.node = this.#draw(row);
    if (!previous || dayOf(moment(previous.at)) !== dayOf(moment(entry.at))) {
      this.node.append(el("p", { class: "day" }, dayOf(moment(entry.at))));
    }
    this.rows.push(row);
    this.dots?.before(row.node) ?? this.node.append(row.node);
    if (stick) this.toBottom();
    else if (!quiet) this.newest.hidden = false;
    return row;
  }

  #draw(row) {
    const { entry, state, note, first } = row;
    if (entry.unsent) return el("p", { class: "remark" }, "メッセージの送信を取り消しました");
    const mine = entry.from === "resident";
    const at = moment(entry.at);
    const tools = mine && (entry.messageId || state !== "sent") ? [this.#tools(row)] : [];
    this.gatewaySaid(row, entry.status);
    return el(
      "div",
      { class: `row from-${entry.from} ${state}${first ? " first" : ""}` },
      mine ? null : this.#face(first),
      el(
        "div",
        { class: "row-body" },
        mine || !first ? null : el("p", { class: "sender" }, entry.message?.sender?.name ?? this.account),
        el("span", { class: "visually-hidden" }, mine ? "自分：" : first ? "" : `${this.account}：`),
        el(
          "div",
          { class: "row-line" },
          bodyOf(entry),
          el("div", { class: "meta" }, tools, el("time", { datetime: at.toISOString() }, timeOf(at))),
        ),
        note,
      ),
    );
  }

  #face(visible = true) {
    return el("img", { class: visible ? "face" : "face hidden", src: "/static/account.svg", alt: "" });
  }

  #tools(row) {
    return iconButton("more", "このメッセージの操作", { class: "icon-button own-tools", onclick: () => this.onOwn(row) });
  }

  #setState(row, state) {
    row.state = state;
    row.node.classList.remove("pending", "sent", "failed");
    row.node.classList.add(state);
  }

  #redraw(row, entry, state) {
    row.entry = entry;
    row.state = state;
    const node = this.#draw(row);
    row.node.replaceWith(node);
    row.node = node;
    if (this.stick) this.toBottom();
  }

  #remove(row) {
    this.rows = this.rows.filter((other) => other !== row);
    row.node.remove();
  }

  #take(entry) {
    const row = this.rows.find((other) => other.entry.messageId && other.entry.messageId === entry.messageId);
    if (row) this.#unsend(row);
    else if (entry.unsent) this.#append({ ...entry, unsent: true }, "sent", true);
  }

  #unsend(row) {
    this.#redraw(row, { ...row.entry, unsent: true }, "sent");
  }

  /**
   * The row that already shows this entry: the same id, or one that says the same and waits for it.
   * What a tap says has no id, and the simulator may take the tap before its entry comes.
   */
  #waitingFor(entry) {
    if (entry.from !== "resident") return undefined;
    return (
      this.rows.find((row) => row.entry.messageId && row.entry.messageId === entry.messageId) ??
      this.rows.find((row) => isOwn(row) && sameContent(row.entry.message, entry.message))
    );
  }
}

/** Whether a row is known to this page only. */
function isOwn({ state, entry }) {
  return state === "pending" || (state === "sent" && entry.seq === undefined && !entry.messageId);
}

function sameContent(mine, theirs) {
  return mine.type === theirs?.type && (mine.type !== "text" || mine.text === theirs.text);
}
