"""Messages to look at, and what is found wrong with them."""

from madoguchi_messages import find_problems

URL = "https://city.example.jp/"
TAP = {"type": "message", "label": "はい", "text": "はい"}


def text(words="こんにちは", **more):
    return {"type": "text", "text": words, **more}


def template(kind, **more):
    return {"type": "template", "altText": "選択", "template": {"type": kind, **more}}


def buttons(words="どれですか?", actions=(TAP,), **more):
    return template("buttons", text=words, actions=list(actions), **more)


def bubble(*contents, **more):
    body = {"type": "box", "layout": "vertical", "contents": list(contents)}
    return {"type": "bubble", "body": body, **more}


def flex(contents):
    return {"type": "flex", "altText": "お知らせ", "contents": contents}


def letter(words="a"):
    return {"type": "text", "text": words}


def quick(*actions):
    return text(quickReply={"items": [{"type": "action", "action": a} for a in actions]})


def found(message):
    return [(p.property, p.message) for p in find_problems([message])]


def length(most, *where):
    return [(f"messages[0].{at}", f"Length must be between 0 and {most}") for at in where]
