"""Rich menus: R45 and R46, with LINE's words, as the bot meets them."""

import base64
import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from madoguchi_simulator.pictures import grey_png, read_size

MENU = {
    "size": {"width": 2500, "height": 1686},
    "selected": True,
    "name": "見本市",
    "chatBarText": "メニュー",
    "areas": [
        {
            "bounds": {"x": 0, "y": 0, "width": 1250, "height": 843},
            "action": {
                "type": "postback",
                "label": "ごみ",
                "data": "garbage",
                "displayText": "ごみ",
            },
        },
        {
            "bounds": {"x": 1250, "y": 0, "width": 1250, "height": 843},
            "action": {"type": "message", "label": "図書館", "text": "図書館は?"},
        },
        {
            "bounds": {"x": 0, "y": 843, "width": 1250, "height": 843},
            "action": {"type": "uri", "label": "予約", "uri": "https://liff.line.me/1-a"},
        },
        {
            "bounds": {"x": 1250, "y": 843, "width": 1250, "height": 843},
            "action": {"type": "richmenuswitch", "richMenuAliasId": "tab-b", "data": "to-b"},
        },
        {
            "bounds": {"x": 0, "y": 0, "width": 1, "height": 1},
            "action": {"type": "datetimepicker", "label": "日", "data": "day", "mode": "date"},
        },
    ],
}
PICTURE = grey_png(800, 540)
NOBODY = "richmenu-" + "0" * 32
STRANGER = "U" + "f" * 32
JPEG = base64.b64decode(  # 8 × 8 px, by Pillow
    "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIx"
    "wcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAAIAAgBAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL"
    "/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJi"
    "coKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ip"
    "qrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/ACv/2Q=="
)


def upload(line, menu_id: str, picture: bytes = PICTURE, kind: str = "image/png"):
    return line.call("POST", f"/v2/bot/richmenu/{menu_id}/content", picture, {"Content-Type": kind})


def create(line, *, image: bool = True, **changes) -> str:
    answer = line.post("/v2/bot/richmenu", {**MENU, **changes})
    assert answer.status == 200, answer
    menu_id = answer.json["richMenuId"]
    if image:
        assert upload(line, menu_id).json == {}
    return menu_id


def link(line, user_id: str, menu_id: str):
    return line.post(f"/v2/bot/user/{user_id}/richmenu/{menu_id}")


def linked(line, user_id: str) -> str | None:
    answer = line.get(f"/v2/bot/user/{user_id}/richmenu")
    if answer.status == 404:
        assert answer.message == "the user has no richmenu"
        return None
    return answer.json["richMenuId"]


def seen(line, user_id: str) -> tuple[str | None, str | None]:
    answer = line.get(f"/sim/residents/{user_id}/richmenu").json
    return answer["richMenuId"], answer["source"]


def tap(line, user_id: str, area, **more):
    return line.post(f"/sim/residents/{user_id}/richmenu", {"area": area, **more})


def details(answer) -> list[tuple[str, str]]:
    assert answer.status == 400, answer
    assert answer.message == f"The request body has {len(answer.json['details'])} error(s)"
    return [(one["property"], one["message"]) for one in answer.json["details"]]


def test_a_menu_is_created_listed_got_and_deleted(line):
    line.settings(rateScale=0)
    first, second = create(line), create(line, image=False, name="二つ目")
    assert line.get(f"/v2/bot/richmenu/{first}").json == {"richMenuId": first, **MENU}
    listed = line.get("/v2/bot/richmenu/list").json["richmenus"]
    assert [menu["richMenuId"] for menu in listed] == [first, second]
    image = line.get(f"/v2/bot/richmenu/{first}/content")
    assert (image.body, image.headers["content-type"]) == (PICTURE, "image/png")
    assert line.get(f"/v2/bot/richmenu/{second}/content").status == 404
    assert line.call("DELETE", f"/v2/bot/richmenu/{first}").json == {}
    for method in ("GET", "DELETE"):
        gone = line.call(method, f"/v2/bot/richmenu/{first}")
        assert (gone.status, gone.message) == (404, "Not found")
    assert [menu["name"] for menu in line.get("/v2/bot/richmenu/list").json["richmenus"]] == [
        "二つ目"
    ]


@pytest.mark.parametrize("path", ["/v2/bot/richmenu", "/v2/bot/richmenu/validate"])
def test_r45_what_breaks_a_limit_is_refused_in_lines_words(line, path):
    without_name = {key: value for key, value in MENU.items() if key != "name"}
    assert details(line.post(path, without_name)) == [("name", "must be specified")]
    assert details(line.post(path, {**MENU, "areas": MENU["areas"] * 5})) == [
        ("areas", "Size must be between 0 and 20")
    ]
    wrong = [{**MENU["areas"][2], "action": {"type": "uri", "uri": "javascript:1"}}]
    assert details(line.post(path, {**MENU, "areas": wrong})) == [
        ("areas[0].action.uri", "invalid uri")
    ]
    assert line.get("/v2/bot/richmenu/list").json == {"richmenus": []}
    assert line.post("/v2/bot/richmenu/validate", MENU).json == {}
    assert line.get("/v2/bot/richmenu/list").json == {"richmenus": []}


def test_r45_a_picture_is_set_once_and_within_its_limits(line):
    menu_id = create(line, image=False)
    assert upload(line, NOBODY).status == 404
    assert upload(line, menu_id, kind="image/gif").status == 415
    assert upload(line, menu_id, b"no picture").message == "The image is no image/png"
    assert upload(line, menu_id, kind="image/jpeg").message == "The image is no image/jpeg"
    heavy = PICTURE + b"\0" * (1024 * 1024 - len(PICTURE) + 1)
    for picture in (grey_png(799, 400), grey_png(2501, 900), grey_png(800, 249), heavy):
        refused = upload(line, menu_id, picture)
        assert refused.status == 400
        assert refused.message == "The image size is not allowed for richmenu"
    assert upload(line, menu_id, b"\0" * (2 * 1024 * 1024 + 1)).status == 413
    assert upload(line, menu_id, heavy[:-1]).status == 200
    again = upload(line, menu_id)
    assert (again.status, again.message) == (
        400,
        "An image has already been uploaded to the richmenu",
    )


def test_a_picture_s_size_is_read_from_its_headers():
    assert read_size(JPEG) == ("image/jpeg", 8, 8)
    assert read_size(PICTURE) == ("image/png", 800, 540)
    for cut in range(len(JPEG)):
        assert read_size(JPEG[:cut]) in (None, ("image/jpeg", 8, 8))
    for junk in (b"", b"\xff\xd8", b"\xff\xd8\xff", PICTURE[:20], b"GIF89a" + b"\0" * 40):
        assert read_size(junk) is None


def test_r45_the_1001st_menu_and_the_1001st_alias_are_refused(line, simulator):
    line.settings(rateScale=0)
    first = create(line)
    line.post("/v2/bot/richmenu/alias", {"richMenuAliasId": "a-0", "richMenuId": first})
    with simulator._db as db:
        db.executemany(
            "INSERT INTO rich_menu (menu_id, owner, menu) VALUES (?, 'api', ?)",
            [(f"richmenu-{n:032x}", json.dumps(MENU)) for n in range(999)],
        )
        db.executemany(
            "INSERT INTO rich_menu_alias VALUES (?, ?)", [(f"a-{n}", first) for n in range(1, 1000)]
        )
    assert "1000" in line.post("/v2/bot/richmenu", MENU).message
    another = {"richMenuAliasId": "another", "richMenuId": first}
    assert "1000" in line.post("/v2/bot/richmenu/alias", another).message
    assert line.call("DELETE", f"/v2/bot/richmenu/richmenu-{7:032x}").status == 200
    assert line.post("/v2/bot/richmenu", MENU).status == 200


def test_r46_own_menu_before_the_bots_before_the_managers(line):
    user_id, stranger = line.resident(), line.resident("太郎", follow=False)
    assert seen(line, user_id) == (None, None)
    missing = line.get("/v2/bot/user/all/richmenu")
    assert (missing.status, missing.message) == (404, "no default richmenu")
    managers = line.put(
        "/sim/richmenu",
        {"richMenu": {**MENU, "name": "前から"}, "image": base64.b64encode(PICTURE).decode()},
    ).json["richMenuId"]
    assert seen(line, user_id) == (managers, "manager")
    for wrong in ({"richMenu": {"size": 1}}, {"richMenu": MENU, "image": "bm8="}):
        assert line.put("/sim/richmenu", wrong).status == 400
        assert line.says(user_id, "はい")["status"] == 200
        assert seen(line, user_id) == (managers, "manager"), "what is refused changes nothing"
    theirs = line.get("/v2/bot/user/all/richmenu")
    assert (theirs.status, theirs.message) == (403, "the richmenu is owned by another channel")
    # The API neither lists nor touches what the manager made.
    assert line.get("/v2/bot/richmenu/list").json == {"richmenus": []}
    assert line.call("DELETE", f"/v2/bot/richmenu/{managers}").status == 404
    assert line.post(f"/v2/bot/user/all/richmenu/{managers}").status == 404
    default, own = create(line), create(line)
    assert line.post(f"/v2/bot/user/all/richmenu/{default}").json == {}
    assert line.get("/v2/bot/user/all/richmenu").json == {"richMenuId": default}
    assert seen(line, user_id) == seen(line, stranger) == (default, "default")
    assert linked(line, user_id) is None
    assert link(line, user_id, own).json == {}
    assert seen(line, user_id) == (own, "user")
    assert linked(line, user_id) == own
    assert line.call("DELETE", "/v2/bot/user/all/richmenu").json == {}
    assert seen(line, user_id) == (own, "user")
    assert line.call("DELETE", f"/v2/bot/user/{user_id}/richmenu").json == {}
    assert seen(line, user_id) == (managers, "manager")
    shown = line.get(f"/sim/residents/{user_id}/richmenu").json
    assert shown["richMenu"]["name"] == "前から"
    assert line.get(shown["image"]).body == PICTURE
    line.put("/sim/richmenu", {"richMenu": None})
    assert seen(line, user_id) == (None, None)


def test_a_deleted_menu_leaves_those_who_saw_it_without(line):
    user_id = line.resident()
    default, own = create(line), create(line)
    line.post(f"/v2/bot/user/all/richmenu/{default}")
    link(line, user_id, own)
    line.call("DELETE", f"/v2/bot/richmenu/{own}")
    assert linked(line, user_id) is None
    assert seen(line, user_id) == (default, "default")
    line.call("DELETE", f"/v2/bot/richmenu/{default}")
    assert seen(line, user_id) == (None, None)
    assert line.get("/v2/bot/user/all/richmenu").status == 404


def test_a_menu_without_picture_is_shown_to_nobody(line):
    user_id, menu_id = line.resident(), create(line, image=False)
    words = "must upload richmenu image before applying it to user"
    bulk = {"richMenuId": menu_id, "userIds": [user_id]}
    for answer in (
        link(line, user_id, menu_id),
        line.post(f"/v2/bot/user/all/richmenu/{menu_id}"),
        line.post("/v2/bot/richmenu/bulk/link", bulk),
    ):
        assert (answer.status, answer.message) == (400, words)
    assert link(line, user_id, NOBODY).message == "Not found"
    assert line.post(f"/v2/bot/user/all/richmenu/{NOBODY}").status == 404


def test_r46_linking_says_200_also_for_those_who_are_no_friends(line):
    blocked, menu_id = line.resident(), create(line)
    line.post(f"/sim/residents/{blocked}/unfollow")
    for user_id in (blocked, STRANGER, line.resident(follow=False)):
        assert link(line, user_id, menu_id).status == 200
        assert linked(line, user_id) is None
        assert line.call("DELETE", f"/v2/bot/user/{user_id}/richmenu").status == 200
    for answer in (
        link(line, "somebody", menu_id),
        line.get("/v2/bot/user/somebody/richmenu"),
        line.call("DELETE", "/v2/bot/user/somebody/richmenu"),
    ):
        assert (answer.status, answer.message) == (
            400,
            "The value for the 'userId' parameter is invalid",
        )


def test_r46_bulk_links_are_accepted_and_done_later(line):
    residents = [line.resident(f"住民{n}") for n in range(3)]
    menu_id = create(line)
    line.settings(richMenuSeconds=5)
    body = {"richMenuId": menu_id, "userIds": [*residents, STRANGER]}
    assert line.post("/v2/bot/richmenu/bulk/link", body).status == 202
    assert {linked(line, one) for one in residents} == {None}
    line.settings(clock=6)
    assert {linked(line, one) for one in residents} == {menu_id}
    unlink = line.post("/v2/bot/richmenu/bulk/unlink", {"userIds": residents[:2]})
    assert (unlink.status, unlink.json) == (202, {})
    line.settings(clock=12)
    assert [linked(line, one) for one in residents] == [None, None, menu_id]


def test_r46_a_bulk_call_with_anything_wrong_does_nothing(line):
    user_id, menu_id = line.resident(), create(line)
    path = "/v2/bot/richmenu/bulk/link"
    many = {"richMenuId": menu_id, "userIds": [user_id] * 501}
    assert details(line.post(path, many)) == [("userIds", "Size must be between 1 and 500")]
    assert details(line.post(path, {"richMenuId": "menu", "userIds": [user_id]})) == [
        ("richMenuId", "invalid richMenuId")
    ]
    missing = line.post(path, {"richMenuId": NOBODY, "userIds": [user_id]})
    assert (missing.status, missing.message) == (404, "richmenu not found")
    for bad in (path, "/v2/bot/richmenu/bulk/unlink"):
        answer = line.post(bad, {"richMenuId": menu_id, "userIds": [user_id, "x"]})
        words = "The property, 'userIds[1]', in the request body is invalid (line: -, column: -)"
        assert (answer.status, answer.message) == (400, words)
    assert details(line.post("/v2/bot/richmenu/bulk/unlink", {})) == [
        ("userIds", "must be specified")
    ]
    assert linked(line, user_id) is None


def batch(line, *operations, **more):
    return line.post("/v2/bot/richmenu/batch", {"operations": list(operations), **more})


def progress(line, request_id):
    return line.get(f"/v2/bot/richmenu/progress/batch?requestId={request_id}")


def test_r46_operations_of_a_batch_do_not_affect_each_other(line):
    line.settings(rateScale=0)
    a, b, c = (create(line) for _ in range(3))
    one, two, three = (line.resident(f"住民{n}") for n in range(3))
    link(line, one, a), link(line, two, b), link(line, three, c)
    line.settings(richMenuSeconds=60)
    accepted = batch(
        line,
        {"type": "link", "from": a, "to": b},
        {"type": "link", "from": b, "to": c},
        {"type": "unlink", "from": c},
    )
    assert (accepted.status, accepted.json) == (202, {})
    request_id = accepted.headers["x-line-request-id"]
    ongoing = progress(line, request_id).json
    assert ongoing["phase"] == "ongoing"
    assert "completedTime" not in ongoing
    line.settings(clock=61)
    done = progress(line, request_id).json
    assert done["phase"] == "succeeded"
    assert done["completedTime"] > done["acceptedTime"]
    assert [linked(line, user_id) for user_id in (one, two, three)] == [b, c, None]
    batch(line, {"type": "unlinkAll"})
    line.settings(clock=130)
    assert [linked(line, user_id) for user_id in (one, two, three)] == [None] * 3
    line.settings(clock=15 * 86400)
    assert progress(line, request_id).message == "Not found"
    assert progress(line, "nonsense").status == 400


def test_r46_a_failed_batch_is_resumed_for_those_who_are_left(line):
    line.settings(rateScale=0)
    old, lost, new = (create(line) for _ in range(3))
    hanako, taro = line.resident("花子"), line.resident("太郎")
    link(line, hanako, old), link(line, taro, new)
    line.settings(richMenuSeconds=60)
    first = batch(
        line,
        {"type": "link", "from": old, "to": lost},
        {"type": "link", "from": new, "to": old},
        resumeRequestKey="key-1",
    )
    line.call("DELETE", f"/v2/bot/richmenu/{lost}")
    line.settings(clock=61)
    assert progress(line, first.headers["x-line-request-id"]).json["phase"] == "failed"
    assert [linked(line, hanako), linked(line, taro)] == [old, old]
    batch(line, {"type": "link", "from": old, "to": new}, resumeRequestKey="key-1")
    line.settings(clock=130)
    assert [linked(line, hanako), linked(line, taro)] == [new, old]
    # Two weeks later the key is a new one.
    line.settings(clock=15 * 86400)
    batch(line, {"type": "link", "from": old, "to": new}, resumeRequestKey="key-1")
    line.settings(clock=16 * 86400)
    assert linked(line, taro) == new


@pytest.mark.parametrize("path", ["/v2/bot/richmenu/batch", "/v2/bot/richmenu/validate/batch"])
def test_r46_a_wrong_batch_is_refused_in_lines_words(line, path):
    line.settings(rateScale=0)
    menu, bare = create(line), create(line, image=False)
    move = {"type": "link", "from": bare, "to": menu}

    def problems(*operations, **more):
        return details(line.post(path, {"operations": list(operations), **more}))

    assert problems({"type": "link", "from": "x", "to": menu}) == [
        ("operations[0].from", "invalid richMenuId")
    ]
    assert problems(move, {"type": "unlink", "from": bare}) == [
        ("operations[].from", f"from richmenu ({bare}) is duplicated")
    ]
    assert problems(move, {"type": "unlinkAll"}) == [
        ("operations[].type", "'unlinkAll' type can't be combined with other type")
    ]
    assert problems({"type": "link", "from": menu, "to": bare}) == [
        ("operations[0].to", f"'to' richmenu ({bare}) must have image but it doesn't")
    ]
    assert problems({"type": "unlink"}) == [("operations[0].from", "must be specified")]
    assert problems({"type": "swap"})[0][0] == "operations[0].type"
    assert problems(*[{"type": "unlinkAll"}] * 1001)[0][0] == "operations"
    assert problems(move, resumeRequestKey="あ")[0][0] == "resumeRequestKey"
    missing = line.post(path, {"operations": [{"type": "unlink", "from": NOBODY}]})
    assert missing.status == 404
    assert missing.json["details"][0]["message"] == f"Richmenu ({NOBODY}) is not found"


def test_aliases_name_menus_with_pictures(line):
    line.settings(rateScale=0)
    menu, other, bare = create(line), create(line), create(line, image=False)
    path = "/v2/bot/richmenu/alias"

    def post(alias, menu_id, at=path):
        return line.post(at, {"richMenuAliasId": alias, "richMenuId": menu_id})

    assert line.get(f"{path}/list").json == {"aliases": []}
    assert post("tab-a", menu).json == {}
    assert post("tab-a", other).message == "conflict richmenu alias id"
    for menu_id in (bare, NOBODY):
        refused = post("tab-b", menu_id)
        assert (refused.status, refused.message) == (400, "richmenu not found")
    assert details(post("tab-b", "x")) == [("richMenuId", "invalid richMenuId")]
    assert details(post("Tab B", menu)) == [("richMenuAliasId", "invalid richMenuAliasId")]
    assert details(line.post(path, {})) == [
        ("richMenuAliasId", "must be specified"),
        ("richMenuId", "must be specified"),
    ]
    assert line.get(f"{path}/tab-a").json == {"richMenuAliasId": "tab-a", "richMenuId": menu}
    assert post("", other, f"{path}/tab-a").json == {}
    assert line.get(f"{path}/list").json["aliases"] == [
        {"richMenuAliasId": "tab-a", "richMenuId": other}
    ]
    # An alias may be called as a part of another address.
    assert post("content", menu).json == {}
    assert post("", other, f"{path}/content").json == {}
    assert line.get(f"{path}/content").json["richMenuId"] == other
    assert line.call("DELETE", f"{path}/tab-a").json == {}
    for method, body in (("GET", None), ("DELETE", None), ("POST", {"richMenuId": menu})):
        gone = line.call(method, f"{path}/tab-a", body)
        assert (gone.status, gone.message) == (404, "richmenu alias not found")
        assert line.call(method, f"{path}/TAB", body).status == 400


def test_r45_creating_deleting_and_batches_are_limited_per_hour(line):
    menu_id = create(line)
    for _ in range(99):
        create(line, image=False)
    limited = line.post("/v2/bot/richmenu", MENU)
    assert limited.status == 429
    assert limited.message == "The API rate limit has been exceeded. Try again later."
    for _ in range(3):
        assert batch(line, {"type": "unlink", "from": menu_id}).status == 202
    assert batch(line, {"type": "unlink", "from": menu_id}).status == 429
    assert line.post("/v2/bot/richmenu/validate", MENU).status == 200
    line.settings(clock=3600)
    assert line.post("/v2/bot/richmenu", MENU).status == 200
    line.settings(rateScale=0)
    assert line.post("/v2/bot/richmenu", MENU).status == 200


def test_a_tap_does_what_the_phone_does(line, bot):
    user_id = line.resident()
    refused = tap(line, user_id, 0)
    assert (refused.status, refused.message) == (404, f"{user_id} sees no rich menu")
    line.post(f"/v2/bot/user/all/richmenu/{create(line)}")
    assert tap(line, user_id, "ごみ").json["status"] == 200
    assert bot.events[-1]["postback"] == {"data": "garbage"}
    assert bot.events[-1]["replyToken"]
    assert tap(line, user_id, 1).json["messageId"]
    assert bot.events[-1]["message"]["text"] == "図書館は?"
    count = len(bot.events)
    assert tap(line, user_id, 2).json["action"]["uri"] == "https://liff.line.me/1-a"
    assert len(bot.events) == count
    assert tap(line, user_id, "日", params={"date": "2026-12-01"}).status == 200
    assert bot.events[-1]["postback"] == {"data": "day", "params": {"date": "2026-12-01"}}
    assert tap(line, user_id, "日").status == 400
    for area in (5, -1, "税金", None, True):
        assert tap(line, user_id, area).status == 404
    assert line.texts(user_id) == ["ごみ", "図書館は?"]


def test_a_tab_switches_the_menu_and_tells_the_bot(line, bot):
    user_id, stranger = line.resident(), line.resident("太郎", follow=False)
    a, b = create(line), create(line)
    line.post(f"/v2/bot/user/all/richmenu/{a}")

    def switched(one=user_id):
        assert tap(line, one, 3).json["status"] == 200
        assert bot.events[-1]["type"] == "postback"
        assert bot.events[-1]["postback"]["data"] == "to-b"
        return bot.events[-1]["postback"]["params"]

    assert switched() == {"status": "RICHMENU_ALIAS_ID_NOTFOUND"}
    assert seen(line, user_id) == (a, "default")
    line.post("/v2/bot/richmenu/alias", {"richMenuAliasId": "tab-b", "richMenuId": b})
    assert switched(stranger) == {"status": "FAILED"}
    assert switched() == {"newRichMenuAliasId": "tab-b", "status": "SUCCESS"}
    assert seen(line, user_id) == (b, "user")
    assert linked(line, user_id) == b
    line.call("DELETE", f"/v2/bot/richmenu/{b}")
    assert switched() == {"status": "RICHMENU_NOTFOUND"}
    assert seen(line, user_id) == (a, "default")


def test_line_counts_taps_on_every_area_links_too_and_tells_when_the_day_is_over(line, bot):
    line.settings(clock="2026-11-20T03:00:00+00:00", insightLeast=2)
    hana, taro = line.resident("花子"), line.resident("太郎")
    menu_id = create(line)
    line.post(f"/v2/bot/user/all/richmenu/{menu_id}")
    path, alone = f"/v2/bot/insight/richmenu/{menu_id}", {"richMenuId": menu_id}
    period = "?from=20261118&to=20261125"
    for area in (0, 2, 2):
        assert tap(line, hana, area).status == 200
    line.settings(clock="2026-11-20T15:00:00+00:00")  # the next day, in Japan
    assert line.get(f"{path}/summary{period}").json == alone, "one person alone"
    line.settings(clock="2026-11-20T03:00:00+00:00")
    action = line.post(f"/sim/residents/{taro}/richmenu/taps", {"area": 2}).json["action"]
    assert action["type"] == "uri"
    assert line.get(f"{path}/daily{period}").json == alone, "the day is not over"
    line.settings(clock="2026-11-20T15:00:00+00:00")
    assert tap(line, taro, 1).status == 200
    told = line.get(f"{path}/summary{period}").json
    assert (told["metricsFrom"], told["metricsTo"]) == ("20261118", "20261120")
    areas = line.get(f"/v2/bot/richmenu/{menu_id}").json["areas"]
    assert [one["bounds"] for one in told["clicks"]] == [one["bounds"] for one in areas]
    counts = [(one["metrics"]["count"], one["metrics"]["uniqueUsers"]) for one in told["clicks"]]
    assert counts == [(1, 1), (0, 0), (3, 2)] + [(0, 0)] * (len(areas) - 3)
    days = line.get(f"{path}/daily{period}").json["clicks"]
    assert days[1]["metrics"] == []
    assert days[2]["metrics"] == [{"date": "20261120", "count": 3, "uniqueUsers": 2}]
    assert line.get(f"{path}/daily?from=20260101&to=20261120").status == 400
    assert line.get(f"{path}/summary?from=20261120&to=20261119").status == 400


def test_a_phone_that_waits_hears_of_another_menu(line):
    user_id, menu_id = line.resident(), create(line)
    # Longer than the client waits: an answer that does not come at once fails the test.
    path = f"/sim/residents/{user_id}/chat?after=99999999&wait=60&html=1"
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(line.get, f"{path}&menu=")
        line.post(f"/v2/bot/user/all/richmenu/{menu_id}")
        answer = waiting.result().json
        assert (answer["entries"], answer["richMenuId"]) == ([], menu_id)
        waiting = threads.submit(line.get, f"{path}&menu={menu_id}")
        line.call("DELETE", f"/v2/bot/richmenu/{menu_id}")
        assert waiting.result().json["richMenuId"] is None


def test_a_reset_takes_all_menus_away(line):
    user_id, menu_id = line.resident(), create(line)
    link(line, user_id, menu_id)
    line.post("/v2/bot/richmenu/alias", {"richMenuAliasId": "a", "richMenuId": menu_id})
    line.put("/sim/richmenu", {"richMenu": MENU})
    line.post("/sim/reset")
    assert line.get("/v2/bot/richmenu/list").json == {"richmenus": []}
    assert line.get("/v2/bot/richmenu/alias/list").json == {"aliases": []}
    assert seen(line, line.resident()) == (None, None)
