/** The long poll: hears a resident's chat, and finds the simulator again after a restart. */

import * as api from "./api.js";

const WAIT = 25; // seconds the simulator may hold the call
const PAUSES = [300, 700, 1500, 3000]; // milliseconds before each new try

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/**
 * Call `onAnswer` with every answer until `signal` aborts.
 * `onConnection(true|false)` says whether the simulator is there; `onGone()` that it does
 * not know this resident (any more), which ends the listening. `menu()` is the rich menu's id that
 * is shown: when it is another, the answer comes at once.
 */
export async function listen(userId, { signal, menu, onAnswer, onConnection, onGone }) {
  let after = 0;
  let failures = 0;
  let wait = 0; // the first answer comes at once, with all there is
  while (!signal.aborted) {
    const asked = performance.now();
    try {
      const answer = await api.chat(userId, after, wait, menu(), signal);
      for (const entry of answer.entries) after = Math.max(after, entry.seq);
      failures = 0;
      onConnection(true);
      onAnswer(answer);
      // A server that does not wait must not be asked in a tight loop.
      if (wait && !answer.entries.length && performance.now() - asked < 1000) await pause(1000);
      wait = WAIT;
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof api.Refused && error.status === 404) return onGone();
      onConnection(false);
      wait = 0;
      await pause(PAUSES[Math.min(failures, PAUSES.length - 1)]);
      failures += 1;
    }
  }
}
