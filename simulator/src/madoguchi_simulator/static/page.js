/** The page: who is there, whose phones are open, and the address that remembers it. */

import * as api from "./api.js";
import { avatar, el } from "./dom.js";
import { People, friendshipOf } from "./people.js";
import { Phone } from "./phone.js";
import { openMenu } from "./sheet.js";
import { dayAndTimeOf } from "./when.js";

const OFFERED = 12; // residents in the switcher of one phone

const main = document.querySelector("#page");
const stage = document.querySelector("#stage");
const phones = new Map(); // user id → Phone, in the order in which they stand
let residents = [];

/** How many phones stand next to each other in this window. */
function capacity() {
  if (matchMedia("(min-width: 78rem)").matches) return 3;
  return matchMedia("(min-width: 56rem)").matches ? 2 : 1;
}

const chosen = () => new URLSearchParams(location.search).getAll("resident");

function choose(userIds) {
  const query = new URLSearchParams(userIds.map((userId) => ["resident", userId]));
  const address = userIds.length ? `?${query}` : location.pathname;
  if (address !== location.search) history.pushState(null, "", address);
  arrange();
}

const page = {
  account: "市の公式アカウント",

  /** Ask the simulator who is there and who is a friend. */
  async refresh() {
    residents = await api.residents();
    for (const resident of residents) phones.get(resident.userId)?.update(resident);
    arrange();
  },

  close(userId) {
    choose(chosen().filter((other) => other !== userId));
  },

  /** Let somebody else hold this phone. */
  switchFrom(phone) {
    const others = residents.filter(({ userId }) => !phones.has(userId)).reverse();
    openMenu(phone.screen, "住民を切り替える", [
      ...others.slice(0, OFFERED).map((resident) => ({
        label: resident.displayName,
        detail: friendshipOf(resident),
        picture: avatar(resident),
        run: () => choose(chosen().map((userId) => (userId === phone.resident.userId ? resident.userId : userId))),
      })),
      { label: "一覧を見る・新しい住民を作る", run: () => (capacity() === 1 ? choose([]) : people.name.focus()) },
    ]);
  },

  async moveClock(seconds) {
    const { clock } = await api.settings();
    const { now } = await api.changeSettings({ clock: clock + seconds });
    return dayAndTimeOf(new Date(now));
  },
};

const people = new People({
  choose: (userId) => open(userId),
  async create(name) {
    try {
      const { userId } = await api.createResident(name);
      residents = await api.residents();
      open(userId);
      phones.get(userId)?.node.querySelector(".owner-switch").focus();
      return null;
    } catch {
      return "住民を作れませんでした。シミュレーターが動いているか確かめてください。";
    }
  },
});

/** Open a phone; where there is no room left, the one opened first gives way. */
function open(userId) {
  const others = chosen().filter((other) => other !== userId);
  choose([...others, userId].slice(-capacity()));
}

/** Make the window show exactly the phones that the address names. */
function arrange() {
  const wanted = chosen();
  for (const [userId, phone] of phones) {
    if (wanted.includes(userId)) continue;
    phone.close();
    phones.delete(userId);
  }
  for (const userId of wanted) {
    const known = residents.find((resident) => resident.userId === userId);
    if (!phones.has(userId)) phones.set(userId, new Phone(known ?? { userId, displayName: "？" }, page));
  }
  // A node that moves loses its scrolling, so only what is out of place is moved.
  wanted.forEach((userId, place) => {
    const { node } = phones.get(userId);
    const there = stage.querySelectorAll(".phone")[place];
    if (there !== node) stage.insertBefore(node, there ?? null);
  });
  main.dataset.view = wanted.length ? "phone" : "people";
  people.show(residents, new Set(wanted));
  document.title = wanted.length === 1 ? `${phones.get(wanted[0]).resident.displayName}さんの電話` : "住民のスマートフォン";
}

async function start() {
  const intro = el(
    "p",
    { class: "intro" },
    "住民になったつもりで、市の公式アカウントを試せます。ここで送ったものは、このパソコンの外に出ません。",
  );
  const empty = el("p", { class: "empty" }, "住民をえらぶか、新しく作ると、ここに電話が出ます。");
  document.querySelector("#people").append(intro, people.node);
  stage.append(empty);
  addEventListener("popstate", arrange);
  // Somebody else (a test, another window) may have added or blocked meanwhile.
  document.addEventListener("visibilitychange", () => document.hidden || page.refresh().catch(() => {}));
  for (let pause = 500; ; pause = Math.min(2 * pause, 4000)) {
    try {
      page.account = (await api.settings()).displayName ?? page.account;
      return await page.refresh();
    } catch {
      people.rest.textContent = "シミュレーターを待っています…";
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

await start();
