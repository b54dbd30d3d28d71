"""お知らせの受け取り設定: residents choose what they are told, and nothing else reaches them."""

from madoguchi import (
    Erased,
    Every,
    Fit,
    ForgetBirthdates,
    Job,
    MenuItem,
    Offer,
    OpenPage,
    PluginInfo,
    hookimpl,
)
from madoguchi_segment import confirming, consequences, going, models, questions
from madoguchi_segment.answers import read_answers, save_answers
from madoguchi_segment.deliveries import personal, reasons, work
from madoguchi_segment.settings import Settings
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
            )
        },
        forgets=[ForgetBirthdates("children", "お子さんの生年月日", part="birthdate")],
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
    return [*confirming.export_waiting(db, resident.id), *personal.export(db, resident.id)]


@hookimpl
def erase_personal_data(db, resident):
    """The same."""
    waiting, rest = confirming.erase_waiting(db, resident.id), personal.erase(db, resident.id)
    return Erased({**waiting.deleted, **rest.deleted})


@hookimpl
def register_forms(config, settings):
    """The list of rows."""

    def current(db, resident_id):
        return read_answers(db, resident_id, settings)

    def save(db, submission):
        save_answers(db, submission, settings)
        confirming.note_change(db, submission.resident.id, submission.at.timestamp())

    return [questions.build_form(settings, current, save)]


@hookimpl
def register_menu_items():
    """One tile, which opens the list."""
    return [MenuItem(questions.TITLE, page="form/segment/settings", icon="bell")]


@hookimpl
def register_pages():
    """Where counted buttons lead."""
    return [OpenPage("/go/{token}", going.go_on)]


@hookimpl
def register_jobs():
    """One message for a whole sitting; deliveries that are due."""
    return [
        Job("confirm", Every(minutes=1), confirming.confirm_sittings),
        Job("deliver", Every(minutes=1), work.deliver, limit=600),
        Job("blocks", Every(minutes=60), work.count_blocks),
    ]


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
    answers = await ctx.read(read_answers, ctx.resident.id, ctx.plugin.settings)
    title = ctx.say(questions.TITLE)
    summary = summarise(answers, ctx.plugin.settings, ctx.say)
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
