/** Times as a resident in Japan reads them, wherever the browser stands. */

const ZONE = { timeZone: "Asia/Tokyo" };
const TIME = new Intl.DateTimeFormat("ja-JP", { ...ZONE, hour: "numeric", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("ja-JP", { ...ZONE, month: "long", day: "numeric", weekday: "short" });
const YEAR = new Intl.DateTimeFormat("ja-JP", { ...ZONE, year: "numeric" });

/** Milliseconds or ISO 8601 as the API gives them, as a Date. */
export const moment = (at) => new Date(at ?? Date.now());

/** 9:05 */
export const timeOf = (date) => TIME.format(date);

/** 5月3日(土); with the year when it is not the current one. */
export const dayOf = (date) =>
  YEAR.format(date) === YEAR.format(new Date()) ? DAY.format(date) : `${YEAR.format(date)}${DAY.format(date)}`;

/** 5月3日(土) 9:05 */
export const dayAndTimeOf = (date) => `${dayOf(date)} ${timeOf(date)}`;
