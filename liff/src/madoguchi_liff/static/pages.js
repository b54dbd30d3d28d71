/**
 * What pages do beyond HTML: recognise the resident through LINE's SDK, then improve what works
 * already. No text is in here; the page has them all, in its language.
 */
(() => {
  "use strict";

  const { liffId, sdk, session, htmx: htmxFile, place, whose } = document.currentScript.dataset;
  const PAUSE = 60_000;
  const TRIES = 3;
  const KEPT = "madoguchi-typed";

  /** Load a script; once it is there, the promise is kept. */
  const load = (src) =>
    new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.addEventListener("load", resolve);
      script.addEventListener("error", reject);
      script.src = src;
      document.head.append(script);
    });

  async function start() {
    await load(sdk);
    await liff.init({ liffId }); // on every full page load; nothing moves before it (R57)
  }

  // The entrance

  /** Show one of the page's troubles, its title as the heading, and put the focus there. */
  function tell(trouble) {
    const known = document.querySelector(`[data-trouble="${trouble}"]`);
    const section = known ?? document.querySelector('[data-trouble="refused"]');
    const heading = document.querySelector("h1");
    heading.replaceChildren(...section.querySelector(".title").childNodes);
    document.querySelector("[data-waiting]").hidden = true;
    section.hidden = false;
    heading.tabIndex = -1;
    heading.focus();
  }

  /** Whether to try once more; three times a minute at most, then a person is told (R55). */
  function mayTry() {
    try {
      const [first, count] = JSON.parse(sessionStorage.getItem("madoguchi") ?? "[0,0]");
      const fresh = Date.now() - first > PAUSE;
      sessionStorage.setItem("madoguchi", JSON.stringify(fresh ? [Date.now(), 1] : [first, count + 1]));
      return fresh || count < TRIES;
    } catch {
      return false;
    }
  }

  function logIn() {
    keepTyped();
    if (liff.isInClient() || !mayTry()) return tell("expired");
    if (liff.isLoggedIn()) liff.logout();
    return liff.login({ redirectUri: location.href });
  }

  const typedForm = () => document.querySelector("form[data-typed]");
  const user = () => liff.getDecodedIDToken()?.sub;

  /** Keep what was typed while its writer is away to log in; in this tab alone, for them alone. */
  function keepTyped() {
    const form = typedForm();
    if (!form) return;
    const typed = { user: user(), to: form.action, pairs: [...new FormData(form)] };
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(typed));
    } catch {
      // Storage is switched off: the answers before this one are with the city anyway.
    }
  }

  /** The form that was typed before, ready to be sent; null if there is none, or it is another's. */
  function keptForm() {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(KEPT));
      sessionStorage.removeItem(KEPT);
    } catch {
      return null;
    }
    if (!kept || kept.user !== user()) return null;
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action: kept.to, hidden: true });
    for (const [name, value] of kept.pairs) {
      form.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
    }
    document.body.append(form);
    return form;
  }

  /** Exchange an ID token for a session; what went wrong, or null. */
  async function exchange(token) {
    try {
      const body = new URLSearchParams({ id_token: token, liff_id: liffId });
      const answer = await fetch(session, { method: "POST", body });
      return (await answer.json()).trouble;
    } catch {
      return "unavailable"; // there is no network
    }
  }

  /** Whether the session is of whom LINE says is here: one browser may serve several people. */
  async function isTheirs() {
    const who = liff.isLoggedIn() && user();
    if (!whose || !who || !crypto.subtle) return true;
    const [salt, known] = whose.split(".");
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(salt + who));
    const found = [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0"));
    return found.join("") === known;
  }

  async function enter() {
    try {
      await start();
    } catch (error) {
      return tell(window.liff ? "refused" : "unavailable");
    }
    if (place === "primary") return setTimeout(tell, 8_000, "refused"); // init() opens the page itself
    return prove();
  }

  /** Show the city who it is, and go on to the page, or with what was being sent. */
  async function prove() {
    if (!liff.isLoggedIn()) return logIn();
    const token = liff.getIDToken();
    if (!token) return tell("refused");
    const trouble = await exchange(token);
    if (trouble === "expired") return logIn();
    if (trouble) return tell(trouble);
    if (!mayTry()) return tell("cookies"); // we have just been here: the cookie was not kept
    const typed = typedForm() ?? keptForm();
    return typed ? typed.submit() : location.reload();
  }

  // The pages behind it

  const announce = (text) => {
    const live = document.getElementById("live");
    if (live) live.textContent = text;
  };

  function calmDown() {
    for (const form of document.querySelectorAll("form[data-busy]")) {
      delete form.dataset.busy;
      const button = form.querySelector("[data-was]");
      if (button) button.replaceChildren(...(button.restored ?? []));
    }
  }

  document.addEventListener(
    "submit",
    (event) => {
      const { target: form, submitter } = event;
      if (form.dataset.busy !== undefined) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      form.dataset.busy = "";
      const main = document.querySelector("main");
      if (!submitter || !submitter.classList.contains("go") || !main) return;
      submitter.restored = [...submitter.childNodes];
      submitter.dataset.was = "";
      submitter.textContent = main.dataset.sending;
      announce(main.dataset.sending);
    },
    true,
  );

  document.addEventListener("click", ({ target }) => {
    const locate = target.closest("[data-locate]");
    if (locate) navigator.geolocation.getCurrentPosition((found) => fillPlace(locate, found), () => announce(locate.dataset.failed));
    if (target.closest("[data-close]")) liff.closeWindow();
  });

  // LINE's own browser keeps no files (R60): what leads to one opens outside of it.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-external]");
    if (!link || !window.liff?.isInClient?.()) return;
    event.preventDefault();
    liff.openWindow({ url: link.href, external: true });
  });

  function fillPlace(button, { coords }) {
    const box = button.closest("[data-place]");
    box.querySelector("[data-lat]").value = coords.latitude.toFixed(6);
    box.querySelector("[data-lon]").value = coords.longitude.toFixed(6);
    box.querySelector("[data-found]").hidden = false;
    announce(box.querySelector("[data-found]").textContent);
  }

  /** Show what only a script can do. */
  function reveal() {
    for (const node of document.querySelectorAll("[data-locate]")) node.hidden = !navigator.geolocation;
    for (const node of document.querySelectorAll("[data-close]")) node.hidden = !window.liff?.isInClient();
  }

  /** Put the focus where the news is: the errors, what was saved, else the heading. */
  function focusNews() {
    const news = document.querySelector("main [data-news]") ?? document.querySelector("main h1");
    if (!news) return;
    news.tabIndex = -1;
    news.focus({ preventScroll: true });
    news.scrollIntoView({ block: "nearest" });
  }

  async function improve() {
    reveal();
    if (document.querySelector("main [data-news]")) focusNews();
    try {
      sessionStorage.removeItem("madoguchi");
      sessionStorage.removeItem(KEPT);
    } catch {
      // Storage is switched off; nothing was counted either.
    }
    try {
      await start();
    } catch {
      return; // without LINE's SDK pages work as they are
    }
    if (!(await isTheirs())) {
      document.querySelector("main").replaceChildren();
      await exchange(liff.getIDToken());
      if (mayTry()) return location.reload();
      return;
    }
    reveal();
    document.body.setAttribute("hx-boost:inherited", "target:#main select:#main swap:outerHTML");
    await load(htmxFile);
    document.addEventListener("htmx:after:swap", ({ detail }) => {
      calmDown();
      reveal();
      if (detail.ctx.target?.id !== "main") return; // a part of the page: who types goes on typing
      scrollTo(0, 0);
      focusNews();
      if (document.querySelector("main [data-waiting]")) prove(); // the session ended meanwhile
    });
    document.addEventListener("htmx:error", () => {
      calmDown();
      announce(document.querySelector("main").dataset.failed);
      for (const node of document.querySelectorAll("[data-offline]")) node.hidden = false;
    });
  }

  addEventListener("pageshow", ({ persisted }) => persisted && calmDown());
  if (place === "inside") improve();
  else enter();
})();
