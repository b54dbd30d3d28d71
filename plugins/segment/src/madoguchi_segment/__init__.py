"""お知らせの受け取り設定: residents choose what they are told, and nothing else reaches them."""

from datetime import timedelta

from madoguchi import (
    Daily,
    Erased,
    Every,
    Fit,
    ForgetBirthdates,
    ForgetRows,
    Job,
    MenuItem,
    Offer,
    Permission,
    PluginInfo,
    hookimpl,
)
from madoguchi_segment import (
    confirming,
    consequences,
    console,
    criteria,
    lately,
    models,
    own_rows,
    paper,
    questions,
    sample,
    unset,
)
from madoguchi_segment.answers import read_answers, save_answers
from madoguchi_segment.audiences.mending import mend
from madoguchi_segment.audiences.tables import asked, intake
from madoguchi_segment.deliveries import personal, reasons, work
from madoguchi_segment.deliveries.audit_words import AUDIT_WORDS
from madoguchi_segment.deliveries.sent import find_sent
from madoguchi_segment.settings import Settings
from madoguchi_segment.sheets.intake import take_in
from madoguchi_segment.summary import summarise

WORDS = {  # nosay
    "設定",
    "受信設定",
    "受け取り設定",
    "お知らせの受け取り設定",
    "お知らせ設定",
    "通知設定",
    "settings",
}


@hookimpl
def plugin_info():
    """What it is, and what it keeps."""
    return PluginInfo(
        "お知らせの受け取り設定",
        "住民が、受け取りたいお知らせを自分でえらびます。",
        keeps={
            "えらんだお知らせの種類、地域、年齢、性別、お子さんの生年月日": (
                "関係のあるお知らせだけを送るため。設定を消すまで"
            ),
            "「設定がまだです」と知らせた日と回数": "何度も知らせないため。400日",
        },
        forgets=[
            ForgetBirthdates("children", "お子さんの生年月日", part="birthdate"),
            ForgetRows("reminded", "「設定がまだです」と知らせた日", asked.c.at, days=400),
            ForgetRows("intakes", "職員が答えを入れた記録", intake.c.at, days=400),
        ],
        audit_words=AUDIT_WORDS,
    )


@hookimpl
def settings_model():
    """Topics, areas, ages, and which rows there are."""
    return Settings


@hookimpl
def review_settings(db, before, after):
    """What becomes of residents' answers when staff change what they choose from."""
    return consequences.review(db, before, after)


@hookimpl
def register_models():
    """Who is still to be told what they set."""
    return models.MODELS


@hookimpl
def export_personal_data(db, resident):
    """The answers themselves are in the profile, which the gateway hands out."""
    return [*own_rows.export_rows(db, resident.id), *personal.export(db, resident.id)]


@hookimpl
def erase_personal_data(db, resident):
    """The same."""
    own, rest = own_rows.erase_rows(db, resident.id), personal.erase(db, resident.id)
    return Erased({**own.deleted, **rest.deleted})


@hookimpl
def register_forms(config, settings):
    """The list of rows."""

    def current(db, resident_id):
        return read_answers(db, resident_id, settings)

    def save(db, submission):
        save_answers(db, submission, settings)
        confirming.note_change(db, submission.resident.id, submission.at.timestamp())

    def tell(db, desk):
        titles = lately.sent_last_month(
            db, desk.resident.id, desk.plugin.criteria, desk.now, find_sent
        )
        return lately.tell(titles, desk.say)

    return [questions.build_form(settings, current, save, tell)]


@hookimpl
def register_profile_fields(settings):
    """What is asked can be used to say who gets something."""
    return criteria.build_fields(settings)


@hookimpl
def register_audiences():
    """Who changed their settings lately."""
    return criteria.build_audiences()


@hookimpl
def register_menu_items():
    """One tile, which opens the list."""
    return [MenuItem(questions.TITLE, page="form/segment/settings", icon="bell")]


@hookimpl
def register_jobs():
    """Sittings, files that are taken in, who has set nothing yet, deliveries that are due."""
    return [
        Job("confirm", Every(minutes=1), confirming.confirm_sittings),
        Job("mend", Every(minutes=5), mend, limit=3600),
        Job("take_in", Every(minutes=1), take_in, limit=3600),
        Job("remind", Daily("10:00"), unset.remind, limit=3600, catch_up=timedelta(hours=6)),
        Job("deliver", Every(minutes=1), work.deliver, limit=600),
        Job("blocks", Every(minutes=60), work.count_blocks),
    ]


@hookimpl
def register_permissions():
    """What somebody may do in a section."""
    return [  # nosay
        Permission("segment.write", "配信を作成でき"),
        Permission("segment.approve", "配信を承認でき"),
        Permission("segment.send_emergency", "緊急の配信をすぐに送ることができ"),
        Permission("segment.audience", "送る相手を保存でき"),
        Permission("segment.export", "住民の答えをファイルで出し入れでき"),
    ]


@hookimpl
def register_commands():
    """What the demo fills its sample city with."""
    return {"fill_sample": sample.fill_sample}


@hookimpl
def register_pages():
    """The code for paper, and what staff do."""
    return [*paper.build_pages(), *console.build_pages()]


@hookimpl
def register_postbacks():
    """What each delivered message offers."""
    return {
        "less": reasons.show_settings_again,
        "stop": reasons.stop_topic,
        "why": reasons.explain,
    }


@hookimpl
def offer_for_message(text):
    """Answers 設定 and what else people call it."""
    if text.lower() in WORDS:
        return Offer(show_settings, Fit.EXACT, label=questions.TITLE)
    return None


async def show_settings(ctx):
    """What is set now, and the way to change it."""
    answers, titles = await ctx.read(look, ctx.resident.id, ctx.plugin, ctx.now)
    title = ctx.say(questions.TITLE)
    summary = "\n".join(
        [summarise(answers, ctx.plugin.settings, ctx.say), *lately.tell(titles, ctx.say)]
    )
    change = {
        "type": "uri",
        "label": ctx.say("設定を変える"),
        "uri": ctx.liff_url("form/segment/settings"),
    }
    return {
        "type": "flex",
        "altText": title,
        "contents": {
            "type": "bubble",
            "body": {
                "type": "box",
                "layout": "vertical",
                "spacing": "md",
                "contents": [
                    {"type": "text", "text": title, "weight": "bold", "wrap": True},
                    {"type": "text", "text": summary, "wrap": True},
                ],
            },
            "footer": {
                "type": "box",
                "layout": "vertical",
                "contents": [{"type": "button", "style": "primary", "action": change}],
            },
        },
    }


def look(db, resident_id, plugin, now):
    """What is set, and what would have come last month."""
    titles = lately.sent_last_month(db, resident_id, plugin.criteria, now, find_sent)
    return read_answers(db, resident_id, plugin.settings), titles
