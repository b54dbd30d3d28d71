/**
 * What pages do beyond HTML: swap the main part without a reload, keys in lists, live lists.
 * No text is in here; the page has them all.
 */
(() => {
  "use strict";

  const { htmx: htmxFile, live: liveAt } = document.currentScript.dataset;
  const POLL = 15_000;
  let source = null;
  let timer = 0;

  const load = (src) =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.addEventListener("load", resolve);
      script.addEventListener("error", reject);
      script.src = src;
      document.head.append(script);
    });

  // Keys: j and k choose a row, Enter opens it, / goes to the first filter.

  const rows = () => [...document.querySelectorAll("[data-list] [data-row]")];
  const holder = (row) => row.closest("tr, li");
  let chosen = null;

  function choose(row) {
    if (chosen) holder(chosen)?.classList.remove("chosen");
    chosen = row;
    holder(row).classList.add("chosen");
    row.focus();
    row.scrollIntoView({ block: "nearest" });
  }

  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select")) return;
    const all = rows();
    const filter = document.querySelector(".filters :is(input:not([type=hidden]), select)");
    if (event.key === "/" && filter) {
      event.preventDefault();
      filter.focus();
    } else if ((event.key === "j" || event.key === "k") && all.length) {
      event.preventDefault();
      const at = all.indexOf(chosen) + (event.key === "j" ? 1 : chosen ? -1 : all.length);
      choose(all[Math.min(Math.max(at, 0), all.length - 1)]);
    }
  });

  // Live: what changed on the server is fetched again, and only the list is put in its place.

  async function refresh() {
    const list = document.querySelector("[data-topic]");
    if (!list || document.hidden || list.contains(document.activeElement?.closest("form"))) return;
    const answer = await fetch(location.href, { headers: { "x-part": "list" } });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.querySelector("[data-topic]");
    const before = chosen?.getAttribute("href");
    if (!fresh || fresh.innerHTML === list.innerHTML) return;
    list.replaceWith(fresh);
    reveal();
    if (list.dataset.poll !== fresh.dataset.poll) hurry();
    chosen = null;
    const same = before && rows().find((row) => row.getAttribute("href") === before);
    if (same) choose(same);
    document.getElementById("said").textContent = fresh.dataset.changed ?? "";
  }

  function poll() {
    clearInterval(timer);
    timer = setInterval(() => refresh().catch(() => {}), POLL);
  }

  function follow() {
    source?.close();
    source = null;
    clearInterval(timer);
    const topic = document.querySelector("[data-topic]")?.dataset.topic;
    if (!topic) return;
    if (!window.EventSource) return poll();
    source = new EventSource(`${liveAt}?topic=${encodeURIComponent(topic)}`);
    source.addEventListener("change", () => refresh().catch(() => {}));
    source.addEventListener("error", () => source?.readyState === EventSource.CLOSED && poll());
    source.addEventListener("open", () => clearInterval(timer));
    hurry();
  }

  // What moves by itself, such as a bar, says how often it wants to be looked at (data-poll).
  let often = 0;
  function hurry() {
    clearInterval(often);
    const seconds = Number(document.querySelector("[data-topic]")?.dataset.poll);
    if (seconds) often = setInterval(() => refresh().catch(() => {}), seconds * 1000);
  }

  addEventListener("visibilitychange", () => !document.hidden && refresh().catch(() => {}));

  // Forms

  function calmDown() {
    for (const form of document.querySelectorAll("form[data-busy]")) delete form.dataset.busy;
  }

  addEventListener("submit", (event) => {
    const form = event.target;
    if (form.method !== "post") return;
    if ("busy" in form.dataset) return event.preventDefault();
    form.dataset.busy = "";
  });

  addEventListener("change", (event) => {
    const form = event.target.closest("form[data-at-once]");
    if (form && event.target.matches("select, [type=date], [type=checkbox]")) form.requestSubmit();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-print]")) print();
  });

  function focusNews() {
    const place = document.querySelector("main [data-here]");
    if (place && !document.querySelector("main [data-news]")) return place.scrollIntoView();
    const news = document.querySelector("main [data-news]") ?? document.querySelector("main h1");
    if (!news) return;
    news.tabIndex = -1;
    news.focus({ preventScroll: true });
    news.scrollIntoView({ block: "nearest" });
  }

  function reveal() {
    for (const node of document.querySelectorAll("[data-print]")) node.hidden = false;
    for (const node of document.querySelectorAll("[data-without-script]")) node.hidden = true;
  }

  async function improve() {
    reveal();
    follow();
    if (document.querySelector("main [data-news], main [data-here]")) focusNews();
    document.body.setAttribute("hx-boost:inherited", "target:.body select:.body swap:outerHTML");
    await load(htmxFile);
    document.addEventListener("htmx:after:swap", () => {
      calmDown();
      reveal();
      chosen = null;
      scrollTo(0, 0);
      focusNews();
      follow();
    });
    document.addEventListener("htmx:error", () => {
      calmDown();
      for (const node of document.querySelectorAll("[data-offline]")) node.hidden = false;
    });
  }

  addEventListener("pageshow", ({ persisted }) => persisted && calmDown());
  improve();
})();
