"""Rich menus: what LINE would refuse to create, and which pictures (R37, R45)."""

from copy import deepcopy

import pytest

from madoguchi_messages import find_rich_menu_image_problems, find_rich_menu_problems

MENU = {
    "size": {"width": 2500, "height": 1686},
    "selected": True,
    "name": "見本市",
    "chatBarText": "メニュー",
    "areas": [
        {
            "bounds": {"x": 0, "y": 0, "width": 1250, "height": 1686},
            "action": {"type": "postback", "label": "ごみ", "data": "garbage"},
        },
        {
            "bounds": {"x": 1250, "y": 0, "width": 1250, "height": 1686},
            "action": {"type": "richmenuswitch", "richMenuAliasId": "tab-b", "data": "b"},
        },
    ],
}
AREA = MENU["areas"][0]


def found(**changes):
    menu = {**deepcopy(MENU), **changes}
    return [(one.property, one.message) for one in find_rich_menu_problems(menu)]


def area(**action):
    return [{"bounds": AREA["bounds"], "action": action}]


def test_a_good_menu_has_no_problems():
    assert found() == []
    # An area beyond the edge is in LINE's own examples.
    wide = {"bounds": {"x": 1667, "y": 844, "width": 834, "height": 843}, "action": AREA["action"]}
    assert found(areas=[wide]) == []
    assert found(areas=[AREA] * 20, size={"width": 800, "height": 250}) == []


@pytest.mark.parametrize(
    ("changes", "at", "words"),
    [
        ({"areas": [AREA] * 21}, "areas", "Size must be between 0 and 20"),
        ({"size": {"width": 799, "height": 250}}, "size.width",
         "must be greater than or equal to 800"),
        ({"size": {"width": 2501, "height": 1000}}, "size.width",
         "must be less than or equal to 2500"),
        ({"size": {"width": 800, "height": 249}}, "size.height",
         "must be greater than or equal to 250"),
        ({"size": {"width": 1449, "height": 1000}}, "size", "width / height must be 1.45 or more"),
        ({"chatBarText": "あ" * 15}, "chatBarText", "Length must be between 0 and 14"),
        ({"name": "あ" * 301}, "name", "Length must be between 0 and 300"),
        ({"selected": "yes"}, "selected", "must be a boolean"),
        ({"areas": area(type="uri", uri="javascript:1")}, "areas[0].action.uri", "invalid uri"),
        ({"areas": area(type="uri", uri="https://a.jp", label="あ" * 21)},
         "areas[0].action.label", "Length must be between 0 and 20"),
        ({"areas": area(type="richmenuswitch", richMenuAliasId="Tab B", data="")},
         "areas[0].action.richMenuAliasId", "invalid value"),
        ({"areas": [{"bounds": {**AREA["bounds"], "width": 0}, "action": AREA["action"]}]},
         "areas[0].bounds.width", "must be greater than or equal to 1"),
    ],
)  # fmt: skip
def test_r45_what_breaks_a_limit_is_named(changes, at, words):
    assert found(**changes) == [(at, words)]


def test_the_camera_belongs_to_quick_replies():
    ((at, _),) = found(areas=area(type="camera", label="撮る"))
    assert at == "areas[0].action.type"


@pytest.mark.parametrize("name", MENU)
def test_each_property_must_be_there(name):
    menu = {key: value for key, value in MENU.items() if key != name}
    assert [(one.property, one.message) for one in find_rich_menu_problems(menu)] == [
        (name, "must be specified")
    ]


@pytest.mark.parametrize("junk", [None, 1, "menu", [], {"areas": {1: 2}}, {"size": float("nan")}])
def test_junk_is_a_problem_and_never_an_exception(junk):
    assert find_rich_menu_problems(junk)


def test_r45_a_picture_has_its_limits():
    mega = 1024 * 1024
    assert find_rich_menu_image_problems(2500, 1686, mega) == ()
    assert find_rich_menu_image_problems(1450, 1000, 1) == ()
    for picture in (
        (2501, 1000, 1),
        (799, 300, 1),
        (800, 249, 1),
        (1449, 1000, 1),
        (800, 250, mega + 1),
    ):
        assert len(find_rich_menu_image_problems(*picture)) == 1, picture
