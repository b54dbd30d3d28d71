/**
 * The LIFF SDK of the simulator: the interface that LINE documents, written anew and small.
 *
 * In LINE's app there is a native bridge behind the SDK; here it is the phone page, which frames the
 * LIFF page and answers its messages. It tells tokens to the endpoint's origin alone, so neither a
 * cookie nor storage nor an address of the page carries them.
 */
(() => {
  "use strict";

  const { src } = document.currentScript;
  const PLATFORM = new URL(src).origin;
  const VERSION = /versions\/([\d.]+)\//.exec(src)?.[1] ?? "2.0.0";
  const FRAMED = window.name === "liff-browser" && window.parent !== window;
  const IN_CLIENT = ["sendMessages", "scanCodeV2", "requestFriendship", "shareTargetPicker"];
  const SCOPES = ["openid", "email", "profile", "chat_message.write"];

  class LiffError extends Error {
    constructor(code, message, cause) {
      super(message, { cause });
      this.name = "LiffError";
      this.code = code;
    }
  }

  let app = null; // {liffId, endpoint, size, scopes, …}
  let session = {}; // {accessToken, idToken, context, language}
  let isReady;
  const ready = new Promise((resolve) => (isReady = resolve));

  // The phone around this page

  const waiting = new Map();
  window.addEventListener("message", ({ source, data }) => {
    if (source !== window.parent || data?.liff !== "answer" || !waiting.has(data.number)) return;
    const { resolve, reject } = waiting.get(data.number);
    waiting.delete(data.number);
    if (data.error) reject(new LiffError(data.error.code, data.error.message));
    else resolve(data.value);
  });

  /** Ask the phone for something; it answers the endpoint's origin only, so this holds no secret. */
  function ask(liff, details = {}) {
    const number = crypto.getRandomValues(new Uint32Array(1))[0];
    return new Promise((resolve, reject) => {
      waiting.set(number, { resolve, reject });
      window.parent.postMessage({ liff, number, ...details }, "*");
    });
  }

  // LINE's API

  async function call(path, options = {}) {
    let response;
    try {
      response = await fetch(PLATFORM + path, { credentials: "omit", ...options });
    } catch (error) {
      throw new LiffError("UNKNOWN", `${path}: no answer`, error);
    }
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    throw new LiffError(String(response.status), answer.message ?? answer.error_description ?? path);
  }

  function callAsUser(path, body) {
    if (!session.accessToken) {
      throw new LiffError("UNAUTHORIZED", "Need access_token for api call, Please login first");
    }
    const headers = { Authorization: `Bearer ${session.accessToken}` };
    if (!body) return call(path, { headers });
    headers["Content-Type"] = "application/json";
    return call(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  const post = (path, fields) => call(path, { method: "POST", body: new URLSearchParams(fields) });

  // What an external browser remembers: ID tokens too, and longer than they are good (R55)

  function remember(store, name, value) {
    const key = `LIFF_STORE:${app.liffId}:${name}`;
    try {
      if (value === undefined) return store().getItem(key);
      if (value === null) store().removeItem(key);
      else store().setItem(key, value);
    } catch {
      // Storage is switched off: the login then lasts as long as this page.
    }
    return null;
  }
  const local = () => window.localStorage;
  const once = () => window.sessionStorage;

  function keepTokens({ accessToken = null, idToken = null }) {
    session = { ...session, accessToken, idToken };
    remember(local, "accessToken", accessToken);
    remember(local, "IDToken", idToken);
  }

  // Addresses

  const withoutHash = (address) => new URL(address).href.split("#")[0];

  /** Whether an address is the endpoint URL or below it. */
  function covers(address) {
    const url = new URL(address, location.href);
    const endpoint = new URL(app.endpoint);
    const path = endpoint.pathname.replace(/\/$/, "");
    return url.origin === endpoint.origin && `${url.pathname}/`.startsWith(`${path}/`);
  }

  /** The endpoint URL with the path, query and fragment that `liff.state` holds. */
  function secondaryUrl(state) {
    const [, path, query = "", hash = ""] = /^([^?#]*)(\?[^#]*)?(#[^]*)?$/.exec(state);
    const url = new URL(app.endpoint);
    if (path) url.pathname = url.pathname.replace(/\/$/, "") + path;
    url.search = [url.search.slice(1), query.slice(1)].filter(Boolean).join("&");
    url.hash = hash || location.hash;
    return url.href;
  }

  let loadedAt = performance.getEntriesByType("navigation")[0]?.name ?? location.href;

  /** The page's address must be the one it was loaded from: nobody may have moved it (R57). */
  function requireSameAddress() {
    if (withoutHash(loadedAt) === withoutHash(location.href)) return;
    throw new LiffError("INIT_FAILED", "The URL was changed before liff.init() had finished");
  }

  // init

  async function init(config = {}, succeeded, failed) {
    try {
      await start(config);
    } catch (error) {
      failed?.(error);
      throw error;
    }
    isReady();
    succeeded?.();
  }

  async function start({ liffId, withLoginOnExternalBrowser = false }) {
    if (!liffId) throw new LiffError("INVALID_CONFIG", "liffId is necessary for liff.init()");
    if (session.context) return; // a second call changes nothing
    requireSameAddress();
    try {
      app = await call(`/liff/v2/apps/${encodeURIComponent(liffId)}`);
    } catch (error) {
      throw new LiffError("INIT_FAILED", `Failed to init LIFF SDK: ${error.message}`, error);
    }
    if (!covers(location.href)) {
      const message = `liff.init() was called at ${location.href}, which is not at or below the endpoint URL ${app.endpoint}`;
      throw new LiffError("INIT_FAILED", message);
    }
    session = FRAMED ? await ask("init", { liffId, url: location.href, title: document.title }) : await ownSession();
    requireSameAddress();
    const state = new URLSearchParams(location.search).get("liff.state");
    if (state !== null) {
      const target = secondaryUrl(state);
      if (!covers(target)) throw new LiffError("INIT_FAILED", "liff.state leads above the endpoint URL");
      location.replace(target);
      await new Promise(() => {}); // the page that comes calls init() again
    }
    if (!FRAMED && withLoginOnExternalBrowser && !liff.isLoggedIn()) {
      await login({ redirectUri: location.href });
      await new Promise(() => {});
    }
    if (FRAMED) watchTitle();
  }

  /** The session of an external browser: from the login just made, or an earlier one. */
  async function ownSession() {
    await finishLogin();
    const accessToken = session.accessToken ?? remember(local, "accessToken");
    const idToken = session.idToken ?? remember(local, "IDToken");
    const context = { type: "external", liffId: app.liffId, viewType: app.size, endpointUrl: app.endpoint, scope: app.scopes };
    if (accessToken) {
      try {
        await call(`/oauth2/v2.1/verify?access_token=${encodeURIComponent(accessToken)}`);
        return { accessToken, idToken, context };
      } catch {
        keepTokens({});
      }
    }
    return { context };
  }

  async function login({ redirectUri = app?.endpoint } = {}) {
    requireInit();
    if (FRAMED) {
      console.warn("liff.login() does nothing in the LIFF browser: liff.init() has logged in");
      return;
    }
    if (!crypto.subtle) throw new LiffError("UNKNOWN", "liff.login() needs https, localhost or 127.0.0.1");
    const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
    const [state, verifier] = [random(), random()];
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
    // A redirect_uri has no fragment; it waits here for the way back.
    const [redirect_uri, hash = ""] = new URL(redirectUri, location.href).href.split(/(?=#)/);
    remember(once, "login", JSON.stringify({ state, verifier, redirect_uri, hash }));
    const query = new URLSearchParams({
      response_type: "code",
      client_id: app.liffId.split("-")[0],
      liff_id: app.liffId,
      redirect_uri,
      state,
      code_challenge: base64url(new Uint8Array(digest)),
      code_challenge_method: "S256",
    });
    location.assign(`${PLATFORM}/oauth2/v2.1/authorize?${query}`);
  }

  /** Take the code that a login brought back to this page, and take it out of the address. */
  async function finishLogin() {
    const here = new URL(location.href);
    const begun = JSON.parse(remember(once, "login") ?? "null");
    if (!begun || here.searchParams.get("state") !== begun.state) return;
    const code = here.searchParams.get("code");
    remember(once, "login", null);
    if (code) {
      const answer = await post("/oauth2/v2.1/token", {
        grant_type: "authorization_code",
        code,
        client_id: app.liffId.split("-")[0],
        redirect_uri: begun.redirect_uri,
        code_verifier: begun.verifier,
      }).catch((error) => {
        throw new LiffError("INIT_FAILED", `Failed to log in: ${error.message}`, error);
      });
      keepTokens({ accessToken: answer.access_token, idToken: answer.id_token });
    }
    for (const name of ["code", "state", "liffClientId", "error", "error_description"]) here.searchParams.delete(name);
    here.hash = begun.hash;
    loadedAt = here.href;
    history.replaceState(history.state, "", here);
  }

  function logout() {
    requireInit();
    keepTokens({});
  }

  function watchTitle() {
    const tell = () => window.parent.postMessage({ liff: "title", title: document.title }, "*");
    new MutationObserver(tell).observe(document.head, { subtree: true, childList: true, characterData: true });
  }

  function requireInit() {
    if (!app) throw new LiffError("INVALID_CONFIG", "call liff.init() first");
  }

  function requireLiffBrowser(name) {
    requireInit();
    if (!FRAMED) throw new LiffError("FORBIDDEN", `${name}() is not allowed in an external browser`);
  }

  const base64url = (bytes) =>
    btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

  function decoded(token) {
    if (!token) return null;
    const text = atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"));
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (letter) => letter.charCodeAt(0))));
  }

  const permission = {
    async getGrantedAll() {
      return (await callAsUser("/liff/v2/permissions")).granted;
    },
    async query(name) {
      requireInit();
      if (!SCOPES.includes(name)) throw new LiffError("INVALID_ARGUMENT", `no such permission: ${name}`);
      if (!app.scopes.includes(name)) return { state: "unavailable" };
      return { state: (await permission.getGrantedAll()).includes(name) ? "granted" : "prompt" };
    },
    async requestAll() {
      requireLiffBrowser("liff.permission.requestAll");
      await ask("permissions");
    },
  };

  const permanentLink = {
    async createUrlBy(address) {
      requireInit();
      if (!covers(address)) throw new LiffError("INVALID_ARGUMENT", `${address} is not at or below the endpoint URL`);
      const [url, endpoint] = [new URL(address, location.href), new URL(app.endpoint)];
      const own = new URLSearchParams(endpoint.search);
      const more = [...url.searchParams].filter(([name, value]) => !own.has(name, value) && !name.startsWith("liff."));
      const path = url.pathname.slice(endpoint.pathname.replace(/\/$/, "").length);
      const query = new URLSearchParams(more).toString();
      return `${PLATFORM}/${app.liffId}${path === "/" ? "" : path}${query && `?${query}`}${url.hash}`;
    },
  };

  const liff = {
    init,
    ready,
    get id() {
      return app?.liffId ?? null;
    },
    isInClient: () => FRAMED,
    isLoggedIn: () => Boolean(session.accessToken),
    login,
    logout,
    getIDToken: () => session.idToken ?? null,
    getDecodedIDToken: () => decoded(session.idToken),
    getAccessToken: () => session.accessToken ?? null,
    getProfile: async () => callAsUser("/v2/profile"),
    getFriendship: async () => callAsUser("/friendship/v1/status"),
    getContext: () => session.context ?? null,
    getOS: () => (/iPhone|iPad/.test(navigator.userAgent) ? "ios" : /Android/.test(navigator.userAgent) ? "android" : "web"),
    getLanguage: () => session.language ?? navigator.language,
    getAppLanguage: () => session.language ?? navigator.language,
    getVersion: () => VERSION,
    getLineVersion: () => (FRAMED ? "26.1.0" : null),
    isApiAvailable: (name) => (IN_CLIENT.includes(name) ? FRAMED : name in liff),
    async sendMessages(messages) {
      requireLiffBrowser("liff.sendMessages");
      await callAsUser("/message/v3/share", { messages });
    },
    async scanCodeV2() {
      requireLiffBrowser("liff.scanCodeV2");
      if (app.size !== "full") throw new LiffError("FORBIDDEN", "liff.scanCodeV2() needs the size Full");
      return { value: await ask("scan") };
    },
    async shareTargetPicker(messages, { isMultiple = true } = {}) {
      requireLiffBrowser("liff.shareTargetPicker");
      await callAsUser("/message/v3/targets", { messages });
      if (await ask("share", { isMultiple })) return { status: "success" };
    },
    async requestFriendship() {
      requireLiffBrowser("liff.requestFriendship");
      if (app.size !== "full") throw new LiffError("FORBIDDEN", "liff.requestFriendship() needs the size Full");
      await ask("friendship");
    },
    openWindow({ url, external = false } = {}) {
      if (!url) throw new LiffError("INVALID_ARGUMENT", "liff.openWindow() needs a url");
      const address = new URL(url, location.href).href;
      if (FRAMED && !external) ask("open", { url: address });
      else window.open(address, "_blank", "noopener");
    },
    closeWindow() {
      if (FRAMED) ask("close");
      else window.close();
    },
    permission,
    permanentLink,
    use: () => liff,
  };

  window.liff = Object.freeze(liff);
})();
