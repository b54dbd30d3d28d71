/** The simulator's control API (`/sim/…`), one function per call. */

/** The simulator answered, and it was no. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.name = "Refused";
    this.status = status;
  }
}

async function call(path, options = {}) {
  const response = await fetch(`/sim${path}`, { cache: "no-store", ...options });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(response.status, answer.message ?? response.statusText);
  return answer;
}

const send = (method, path, body = {}) =>
  call(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

const resident = (userId) => `/residents/${encodeURIComponent(userId)}`;

/** All residents: `[{userId, displayName, language, follows}]`. */
export const residents = async () => (await call("/residents")).residents;

/** A new resident who has not added the account yet: `{userId}`. */
export const createResident = (displayName) =>
  send("POST", "/residents", { displayName, language: "ja", follow: false });

/** Chat entries after `after`; waits up to `wait` seconds for one, or for another menu: `{entries}`. */
export const chat = (userId, after, wait, menu, signal) =>
  call(`${resident(userId)}/chat?after=${after}&wait=${wait}&html=1&menu=${menu}`, { signal });

/** A message of the resident, as in a webhook but without id. */
export const sendMessage = (userId, message) => send("POST", `${resident(userId)}/messages`, message);

/** Pictures, videos or files chosen together: `{messages: [{messageId, status}]}`. */
export function sendFiles(userId, files) {
  const body = new FormData();
  for (const file of files) body.append("file", file);
  return call(`${resident(userId)}/messages`, { method: "POST", body });
}

/** A tap on a postback action: `{data, params?, displayText?}`. */
export const sendPostback = (userId, postback) => send("POST", `${resident(userId)}/postback`, postback);

/** The rich menu that the resident sees: `{richMenu, richMenuId, source, image}`. */
export const richMenu = (userId) => call(`${resident(userId)}/richmenu`);
/** The phone itself does what an area says; LINE counts the tap all the same. */
export const countRichMenuTap = (userId, area) => send("POST", `${resident(userId)}/richmenu/taps`, { area });
export const tapRichMenu = (userId, area) => send("POST", `${resident(userId)}/richmenu`, { area });

export const follow = (userId) => send("POST", `${resident(userId)}/follow`);
export const unfollow = (userId) => send("POST", `${resident(userId)}/unfollow`);
export const unsend = (userId, messageId) => send("POST", `${resident(userId)}/unsend`, { messageId });

/** Open a LIFF URL: `{view, address, primaryUrl, liffId, endpoint, size, name}`. */
export const openLiff = (userId, url) => send("POST", `${resident(userId)}/liff`, { url });
/** What `liff.init()` gets in a view: `{accessToken, idToken, context}`. */
export const liffSession = (view) => send("POST", `/liff/${view}/session`);
export const closeLiff = (view) => send("POST", `/liff/${view}/close`);

/** Where the bytes of a resident's upload are. */
export const contentUrl = (messageId) => `/sim/contents/${encodeURIComponent(messageId)}`;

/** `{displayName, clock, now, …}`; `clock` is in seconds ahead of the system's. */
export const settings = () => call("/settings");
export const changeSettings = (changes) => send("PUT", "/settings", changes);
