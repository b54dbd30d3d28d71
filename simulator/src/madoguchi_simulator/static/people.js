/** Who am I? The list of residents, with a way to make a new one. */

import { avatar, el, icon, uniqueId } from "./dom.js";

const SHOWN = 30; // residents; more are found by their name
const FEW = 8; // up to here nobody needs a search field

const NAMES = [
  "見本 花子", "見本 太郎", "佐藤 さくら", "鈴木 健一", "高橋 陽子", "田中 翔", "伊藤 美咲", "渡辺 誠",
  "山本 ひかり", "中村 大輔", "小林 あおい", "加藤 葵", "吉田 蓮", "山田 桜", "佐々木 湊", "グエン・ラン",
];

/** A name nobody has yet. */
function freshName(residents) {
  const taken = new Set(residents.map(({ displayName }) => displayName));
  const free = NAMES.find((name) => !taken.has(name));
  return free ?? `見本 住民${residents.length + 1}`;
}

/** What the list says about a resident and the account. */
export function friendshipOf({ follows, blocked }) {
  if (follows) return "友だち";
  return blocked ? "ブロック中" : "まだ友だちではありません";
}

export class People {
  /** `choose(userId)` and `create(name)` are called; `create` may answer with a problem. */
  constructor({ choose, create }) {
    this.choose = choose;
    this.create = create;
    this.residents = [];
    this.open = new Set();
    this.list = el("ul", { class: "residents" });
    this.rest = el("p", { class: "rest", role: "status" });
    this.search = this.#search();
    this.node = el("div", { class: "who" }, this.#newResident(), this.search, this.list, this.rest);
  }

  /** Show `residents`; those in `open` have a phone in the window. */
  show(residents, open) {
    this.residents = residents;
    this.open = open;
    if (!this.touched) this.name.value = freshName(residents);
    this.search.hidden = residents.length <= FEW;
    this.#draw();
  }

  #draw() {
    const wanted = this.field.value.trim();
    const found = this.residents.filter(({ displayName }) => displayName.includes(wanted)).reverse();
    this.list.replaceChildren(...found.slice(0, SHOWN).map((resident) => this.#item(resident)));
    const more = found.length - SHOWN;
    this.rest.textContent =
      more > 0 ? `ほかに${more}人います。名前で探せます。` : wanted && !found.length ? "その名前の住民はいません。" : "";
  }

  #item(resident) {
    const open = this.open.has(resident.userId);
    return el(
      "li",
      {},
      el(
        "button",
        { type: "button", class: "resident", "aria-current": open ? "true" : null, onclick: () => this.choose(resident.userId) },
        avatar(resident),
        el("span", { class: "resident-text" }, el("strong", {}, resident.displayName), el("small", {}, friendshipOf(resident))),
      ),
    );
  }

  #search() {
    const id = uniqueId("search");
    this.field = el("input", { id, type: "search", autocomplete: "off", oninput: () => this.#draw() });
    return el("div", { class: "search", hidden: true }, el("label", { for: id }, "名前で探す"), this.field);
  }

  #newResident() {
    const id = uniqueId("name");
    this.name = el("input", { id, name: "name", maxlength: "20", autocomplete: "off", required: true, oninput: () => (this.touched = true) });
    const problem = el("p", { class: "field-problem", role: "alert" });
    const form = el(
      "form",
      { class: "new-resident" },
      el("label", { for: id }, "名前"),
      this.name,
      el("button", { class: "primary" }, icon("friend"), "新しい住民を作る"),
      problem,
    );
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const name = this.name.value.trim();
      if (!name) return;
      this.touched = false;
      problem.textContent = (await this.create(name)) ?? "";
    });
    return form;
  }
}
