/** Stickers to try a bot with. The ids are LINE's, the drawings are ours (`stickers.svg`). */

import { drawing } from "./dom.js";

export const STICKERS = [
  { packageId: "446", stickerId: "1988", name: "にっこり", art: "smile" },
  { packageId: "446", stickerId: "1989", name: "いいね", art: "good" },
  { packageId: "446", stickerId: "1990", name: "ありがとう", art: "thanks" },
  { packageId: "446", stickerId: "1991", name: "わかりました", art: "yes" },
  { packageId: "446", stickerId: "1992", name: "かなしい", art: "sad" },
  { packageId: "446", stickerId: "1993", name: "びっくり", art: "wow" },
  { packageId: "446", stickerId: "1994", name: "おめでとう", art: "party" },
  { packageId: "446", stickerId: "1995", name: "こんにちは", art: "hello" },
];

/** Name and drawing of any sticker; one that is not in our set gets a plain face. */
export function stickerOf({ packageId, stickerId }) {
  const known = STICKERS.find((one) => one.packageId === packageId && one.stickerId === stickerId);
  return known ?? { art: "plain", name: `スタンプ ${packageId}-${stickerId}` };
}

/** The picture of a sticker; what is around it says its name. */
export const stickerArt = ({ art }) => drawing(`/static/stickers.svg#${art}`, "100", "sticker-art");
