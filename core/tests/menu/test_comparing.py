"""`madoguchi menu publish` draws what residents see now beside what they shall see, and asks."""

import io
from dataclasses import replace

import pytest
from PIL import Image, ImageChops
from typer.testing import CliRunner

from madoguchi.cli import app
from madoguchi.languages import LANGUAGES
from madoguchi.menu import comparing, telling
from madoguchi.menu.designs import design_menus
from madoguchi.menu.fonts import find_font
from madoguchi.testing import TestResident

GUIDE = '''
"""Has a tile."""
from madoguchi import MenuItem, hookimpl

@hookimpl
def register_menu_items():
    return [MenuItem({"ja": "図書館", "ja-easy": "図書館", "en": "Library"}, says="図書館")]
'''
FILE = """
[city]
label = "見本市"
phone = "0100-00-0000"
hours = "平日"
greeting = "見本市です。"
fallback = "お答えできませんでした。"
[line]
channel_id = "1000000001"
channel_secret = { env = "COMPARE_SECRET" }
[store]
redis_url = { env = "COMPARE_REDIS" }
"""
FOREIGN = {
    "size": {"width": 2500, "height": 843},
    "selected": True,
    "name": "前の業者のメニュー",
    "chatBarText": "メニュー",
    "areas": [
        {
            "bounds": {"x": 0, "y": 0, "width": 2500, "height": 843},
            "action": {"type": "message", "label": "前のもの", "text": "前"},
        }
    ],
}


@pytest.fixture
def town(install_plugin, make_town, monkeypatch):
    install_plugin("guide", GUIDE)
    town = make_town(plugins={"guide": {}})
    monkeypatch.setenv("COMPARE_SECRET", town.channel.secret)
    monkeypatch.setenv("COMPARE_REDIS", town.redis_url)
    return town


def publish(town, *options, typed=""):
    """What the command says."""
    (town.folder / "mihon.toml").write_text(FILE, "utf-8")
    command = ["menu", "publish", "--config", str(town.folder / "mihon.toml")]
    done = CliRunner().invoke(app, [*command, "--data", str(town.folder), *options], input=typed)
    assert done.exit_code == 0, done.output
    return done.output


def halves(town, language):
    """The left and the right side of a picture, without margin and labels."""
    both = Image.open(town.folder / "mihon" / "menu" / f"{language}.png")
    bottom = both.height - comparing.MARGIN
    for x in (comparing.MARGIN, 2 * comparing.MARGIN + comparing.HALF):
        yield both.crop((x, comparing.HEAD, x + comparing.HALF, bottom))


def is_same(half, data):
    """Whether a side shows this menu from its upper left corner on, and nothing below it."""
    menu = Image.open(io.BytesIO(data)).convert("RGB")
    height = round(menu.height / 2)
    below = half.crop((0, height, half.width, half.height))
    if below.height and below.getextrema() != ((255, 255),) * 3:
        return False
    shown = half.crop((0, 0, half.width, height)).resize((250, height // 5))
    apart = ImageChops.difference(shown, menu.resize(shown.size)).getextrema()
    return all(most < 40 for _, most in apart)


def new_menu(town, number):
    font = find_font(None)
    return design_menus(town.running.services, font)[number].draw(font)


def image_at_line(town, menu_id):
    return town.call(town.simulator.menus.image, menu_id)[1]


def set_foreign_default(town):
    """A menu of another program, red: its id, and its picture as LINE has it."""
    menus, data = town.simulator.menus, io.BytesIO()
    Image.new("RGB", (2500, 843), "#c02020").save(data, "JPEG")
    menu_id = town.call(menus.create, FOREIGN)
    town.call(menus.set_image, menu_id, "image/jpeg", data.getvalue())
    town.call(menus.set_default, menu_id)
    return menu_id, data.getvalue()


def test_both_menus_stand_side_by_side_and_a_no_publishes_nothing(town):
    former, red = set_foreign_default(town)
    said = publish(town, typed="n\n")
    asked = said.index("住民に出しますか")
    for number, language in enumerate(LANGUAGES):
        path = town.folder / "mihon" / "menu" / f"{language}.png"
        assert said.index(str(path)) < asked
        left, right = halves(town, language)
        new = new_menu(town, number)
        assert is_same(left, red)
        assert is_same(right, new)
        assert not is_same(left, new), "the test cannot tell them apart"
    assert telling.LEFT in said
    assert town.call(town.simulator.menus.get_default) == former
    assert len(town.call(town.simulator.menus.all)) == 1, "something was made"


def test_the_left_side_is_the_menu_of_that_language(town):
    TestResident(town).taps("English")
    publish(town, "--yes")
    shown = {menu["name"].split(":")[1]: menu for menu in town.call(town.simulator.menus.all)}
    before = {one: image_at_line(town, menu["richMenuId"]) for one, menu in shown.items()}
    guide = town.running.services.plugins.all["guide"]
    guide.collected = replace(guide.collected, menu=())
    assert "住民に出しますか" not in publish(town, "--dry-run")
    for number, language in enumerate(LANGUAGES):
        left, right = halves(town, language)
        assert is_same(left, before[language])
        assert is_same(right, new_menu(town, number))
        assert not is_same(left, new_menu(town, number))
    assert not any(is_same(next(halves(town, "en")), before[one]) for one in ("ja", "ja-easy"))


def test_where_no_menu_is_known_the_left_side_says_so(town):
    publish(town, typed="n\n")
    left, right = halves(town, "ja")
    colours = left.getcolors(100_000)
    ground = comparing.GROUND.removeprefix("#")
    assert max(colours)[1] == tuple(bytes.fromhex(ground)), "not an empty ground"
    assert any(sum(colour) < 150 for _, colour in colours), "nothing is written there"
    assert is_same(right, new_menu(town, 0))
