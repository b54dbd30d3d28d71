"""Deliveries to many, from draft to figures: who may do what, when it goes, to whom it went.

No web, no LINE, and no clock of its own: `now` is given. Functions take a `db` and run in a unit.
What is not allowed raises `states.Refused`, whose words a person can act upon.

* `drafts` write and edit · `approving` preview, route, deputies, 差戻し, emergency
* `lint` and `questions` what is said before sending · `wording` languages, `{names}`, templates
* `schedules` when · `reminders` N days before or after a stored date
* `runs`, `sending`, `work` the way into the ledger · `correcting` 訂正 · `trying` 【テスト】
* `links`, `figures` what happened · `reasons` 減らす / 止める / なぜ届いた?
"""
