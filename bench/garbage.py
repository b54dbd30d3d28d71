"""How long the garbage search takes on 4,000 entries, beside a walk through every name."""

import gc
import json
import random
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from itertools import product

from bench.machine import Process, resident_megabytes
from bench.report import Report, middle
from bench.settings import Settings
from madoguchi_garbage_bot.dictionary import load_dictionary
from madoguchi_garbage_bot.readings import load_reader
from madoguchi_garbage_bot.search import Search

OWNERS = [
    "台所",
    "庭",
    "子供",
    "車",
    "風呂",
    "犬",
    "猫",
    "自転車",
    "学校",
    "事務",
    "赤ちゃん",
    "釣り",
    "山登り",
    "野球",
    "介護",
    "旅行",
    "仏壇",
    "工作",
    "裁縫",
    "玄関",
    "水泳",
    "防災",
    "農作業",
    "掃除",
    "洗濯",
    "化粧",
    "散髪",
    "園芸",
    "写真",
    "書道",
    "茶道",
    "花見",
    "祭り",
    "雪かき",
    "登校",
    "寝室",
    "食卓",
    "倉庫",
    "船",
    "店",
    "工事",
    "電車",
    "昆虫",
    "金魚",
    "小鳥",
    "音楽",
    "手品",
    "将棋",
    "体操",
    "柔道",
]
THINGS = [
    "はさみ",
    "椅子",
    "バケツ",
    "ほうき",
    "手袋",
    "帽子",
    "鏡",
    "時計",
    "箱",
    "棚",
    "机",
    "皿",
    "びん",
    "傘",
    "枕",
    "布団",
    "かばん",
    "靴",
    "水筒",
    "鍋",
    "ふた",
    "ひも",
    "マット",
    "ライト",
    "カバー",
    "ケース",
    "ホース",
    "ブラシ",
    "スコップ",
    "かご",
    "袋",
    "電池",
    "充電器",
    "扇風機",
    "掃除機",
    "いれもの",
    "スプレー",
    "テープ",
    "はしご",
    "シート",
    "服",
    "タオル",
    "台",
    "網",
    "板",
    "ロープ",
    "本",
    "紙",
    "油",
    "石鹸",
]
SEVERAL = ["はさみ", "椅子", "バケツ", "ほうき", "箱", "棚", "皿", "かご"]
"""Things that a list has once for each material."""
MATERIALS = {
    "木": "燃やすごみ",
    "金属": "金属",
    "プラスチック": "プラ",
    "布": "古布",
    "陶器": "燃やさないごみ",
}
ABSENT = [
    "宇宙服",
    "ブーメラン",
    "住民票が欲しい",
    "今日は何のごみ",
    "図書館は何時まで",
    "ありがとう",
    "道路に穴があいています",
    "竹とんぼ",
    "粗大ごみの料金",
    "保育園の申込",
    "カヌー",
    "ワクチンの予約",
    "ハンググライダー",
    "津波",
    "選挙はいつ",
    "戸籍謄本",
]
ENTRIES, COUNT = 4_000, 2_000
"""Of the list, and questions a round."""
HIRAGANA = {ord("ァ") + n: ord("ぁ") + n for n in range(86)}
KATAKANA = {hiragana: katakana for katakana, hiragana in HIRAGANA.items()}


def run(settings: Settings, report: Report) -> None:
    """Start a process for each round: a second round in the same one would find its answers."""
    rounds = []
    for _ in range(settings.rounds):
        argv = [sys.executable, "-m", "bench.garbage", str(100 if settings.quick else COUNT)]
        with Process(argv, settings.cores.measured, talk=True) as process:
            rounds.append(json.loads(process.hear()))
    whole = {key: middle([each[key] for each in rounds]) for key in rounds[0]}
    report.table(
        ["search", "p50, ms", "p95, ms", "right first", "answers where there is none"],
        [
            [name, whole[f"{key}_p50"], whole[f"{key}_p95"], share(f"{key}_right"), share(none)]
            for name, key in (("walk through every name", "walk"), ("garbage_bot", "ours"))
            for none, share in ((f"{key}_false", lambda one: f"{whole[one]:.1%}"),)
        ],
    )
    report.say(
        f"{ENTRIES:,} entries, {COUNT:,} questions a round,"
        f" median of {settings.rounds} rounds, each in a process of its own on one core;"
        " times of the one thread, without what else the machine does. Memory is what the list, its"
        " index and the analyser add to the process."
    )
    report.goal("p95, ms", round(whole["ours_p95"], 2), 1)
    report.goal("index, s", round(whole["index_s"], 2), 2)
    report.goal("memory added, MB", round(whole["mb"], 1), 120)
    report.figures["ratio"] = round(whole["ours_p95"] / whole["walk_p95"], 2)


def make_list() -> list[tuple[str, str, str]]:
    """Owner and thing, material (half of them have none), category."""
    return [
        (f"{owner}用{thing}" if thing in SEVERAL else f"{owner}{thing}", material, category)
        for owner, thing in product(OWNERS, THINGS)
        for material, category in (MATERIALS.items() if thing in SEVERAL else [("", "燃やすごみ")])
    ][:ENTRIES]


def make_questions(count: int) -> Iterator[tuple[str, str]]:
    """Questions and the beginning of the name that is right; empty if none is."""
    rows, dice = make_list(), random.Random(6)
    forms: list[Callable[[str, str], str]] = [
        lambda name, _: name,
        lambda name, material: f"{material}の{name}" if material else name,
        lambda name, _: f"古い{name}",
        lambda name, _: name.translate(HIRAGANA),
        lambda name, _: name.translate(KATAKANA),
        lambda name, _: f"壊れた{name}",
        lambda name, _: f"{name}の捨て方を教えてください",
        lambda name, _: f"使わなくなった{name}は何ごみですか",
        lambda name, _: name[:-2] + name[-1:] + name[-2:-1],
    ]
    for number in range(count):
        if number % 5 == 4:
            yield f"{dice.choice(ABSENT)}{'！' * dice.randrange(4)}", ""
        else:
            name, material, _ = dice.choice(rows)
            yield dice.choice(forms)(name, material), name


def walk(names: list[str], text: str) -> list[str]:
    """The usual way: names that hold the question, or are held by it."""
    sought = unicodedata.normalize("NFKC", text).lower().strip()
    return [name for name in names if sought in name or name in sought]


def measure(count: int) -> dict[str, float]:
    """One round of both."""
    rows = make_list()
    names = [f"{name}（{material}製）" if material else name for name, material, _ in rows]
    table = "".join(f"{name},{row[2]}\n" for name, row in zip(names, rows, strict=True))
    before, began = resident_megabytes("self"), time.thread_time()
    dictionary = load_dictionary(f"品名,分別区分\n{table}".encode(), "list.csv").dictionary
    if dictionary is None:
        raise RuntimeError("the list of the bench does not load")
    search = Search(dictionary, read=load_reader())
    index_s, mb = time.thread_time() - began, resident_megabytes("self") - before
    plain = [unicodedata.normalize("NFKC", name) for name in names]

    def ours(text: str) -> list[str]:
        result = search.ask(text)
        return [entry.name for entry in result.entries] if result.sure else []

    found = {"index_s": index_s, "mb": mb}
    gc.collect()
    gc.freeze()
    for key, ask in (("walk", lambda text: walk(plain, text)), ("ours", ours)):
        took, right, false, absent = [], 0, 0, 0
        for text, wanted in make_questions(count):
            begun = time.thread_time_ns()
            answers = ask(text)
            took.append((time.thread_time_ns() - begun) / 1e6)
            absent += not wanted
            false += bool(answers) and not wanted
            right += bool(wanted) and bool(answers) and answers[0].startswith(wanted)
        took.sort()
        found |= {
            f"{key}_p50": took[len(took) // 2],
            f"{key}_p95": took[int(len(took) * 0.95)],
            f"{key}_right": right / (count - absent),
            f"{key}_false": false / absent,
        }
    return found


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))), flush=True)
