# nosay: how residents ask
"""What a message asks about: the thing it names, without the sentence around it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from madoguchi_garbage_bot.folding import clean


class Topic(StrEnum):
    """About garbage, but about no item of the list."""

    DAYS = "days"
    BAGS = "bags"
    BULKY = "bulky"
    SERVICE = "service"


@dataclass(frozen=True, slots=True)
class Phrase:
    """What was asked: `thing` as it was typed, `asks` if throwing it away was spoken of.

    With a `topic` no item was meant; with a thing as well, only if the list does not have it.
    """

    thing: str
    asks: bool = False
    topic: Topic | None = None


_MOST_THINGS = 5
_MOST_PEELED = 3
_NESTED = 2
"""「…が壊れたので」 within 「…捨てたい」."""
_GARBAGE = "(?:ごみ|ゴミ|ごみい|塵)"
_KINDS = "燃|もえ|もや|不燃|可燃|粗大|そだい|資源|普通|一般|埋立|埋め立て|危険|有害|小型家電"
_POLITE = "[ぁ-んー教知願下分困悩無理予約定本当大丈夫時間回収集対象方法場所日何仕必要可能良ok ]*"
_TAILS = [
    re.compile(pattern)
    for pattern in (
        # 「…の捨て方」「…を処分したい」「…　分別」
        rf"^(.+?)[ ]?(?:の|を|は|って|が|も|とか|なんか|について|"
        rf"に関して)?[ ]?(?:どう(?:やって)?|どこ[にでへ]?|いつ|何ごみで|普通に|そのまま|"
        rf"自分で|市で|ここで)?[ ]?(?:捨て|すて|棄て|処分|処理|廃棄|分別|分け方|わけ方|出し方|"
        rf"だし方|出しかた|だしかた|手放|回収|引き取|引取|{_GARBAGE}に出|ごみ出し|ゴミ出し|"
        rf"捨てか|不用品){_POLITE}$",
        # 「…は何ごみ」「…　何ゴミですか」
        rf"^(.+?)[ ]?(?:の|は|って|が|も)?[ ]?(?:何|なに|なん|どの|どんな|"
        rf"どういう)[の]?[ ]?(?:{_GARBAGE}|分別|区分|種類|扱い|袋|曜日){_POLITE}$",
        # 「…って粗大ごみ？」「…は燃えますか」
        rf"^(.+?)(?:は|って|も|が|を)[ ]?(?:{_KINDS}|プラ|資源|金属|紙|びん|ビン|缶|カン|布|"
        rf"{_GARBAGE}).*$",
        # 「たんす、粗大ごみですか」
        rf"^(.+?)[ ](?:{_KINDS})[^ ]*(?:{_GARBAGE}).*$",
        # 「…はどうしたら」「…ってどこに出すの」
        rf"^(.+?)[ ]?(?:の|は|って|を|が|も)?[ ]?(?:どうす|どうし|どうやって|どうなる|"
        rf"どうなります|どう出|どうぞ|どこに出|どこへ出|どこで出|どこに持|どこへ持|いつ出|"
        rf"いつだ|いつ捨|どれに出|何に出|何に入|何日に出|どの日に出){_POLITE}$",
        # 「…は出せますか」「…を出したい」
        rf"^(.+?)(?:を|は|って|も|の)[ ]?(?:出し|出せ|出す|だせ|だし|持って行|持っていって|"
        rf"持ち込|入れて|入れる|混ぜ|もって){_POLITE}$",
        # 「…って穴あける？」「…は洗う？」
        r"^(.+?)(?:は|って|も)[ ]?(?:穴|洗|つぶ|潰|外|はず|剥|はが|切って|切る|縛|しば|束|包|"
        r"つつ|中身|有料|無料|いくら|まとめ|別に|一緒|分解|そのまま|プラスチック|ok|おk|だめ|"
        r"ダメ|大丈夫).*$",
        # 「…が壊れた」「…壊れてる」
        r"^(.+?)(?:が|も|を)[ ]?(?:壊れ|こわれ|壊し|割れ|われ|割って|折れ|破れ|動かな|故障|"
        r"古く|不要|いらな|要らな|余って|余り|使わな|使えな|切れた|出た|たまっ|溜ま|大量|"
        r"いっぱい)" + _POLITE + "$",
        r"^(.+?)[ ](?:壊れて?|こわれて?|割れて?|折れて?|破れて?|故障|不要|古い|使用済み?)\w*$",
    )
]
_HEADS = re.compile(
    r"^(?:すみません|すいません|あの[うー]?|えっと|教えて(?:ください)?|おしえて|質問(?:です|"
    r"があります)?|"
    r"お尋ねします|おたずねします|お願いします|こんにちは|こんばんは|おはようございます|"
    r"はじめまして|ねえ|"
    r"ちなみに|ところで|では|じゃあ|あと|それと|家の|自宅の|うちの|我が家の|この|その|あの|"
    r"例えば|たとえば|"
    rf"{_GARBAGE}の分別|{_GARBAGE}の分け方|{_GARBAGE}の出し方)[ ]?(?:で)?(?=.)"
)
_STATES = (
    r"(?:壊れ|こわれ|こしょう|故障|割れ|われ|折れ|おれ|破れ|やぶれ|破け|汚れ|よごれ|きたな|"
    r"汚い|古|ふる|使|つか|動|うご|"
    r"いら|要ら|不要|不用|読|着|履|聴|聞|見|乗|遊|飲|食べ|切れ|きれ|期限|賞味|消費|穴|あな|錆|"
    r"さび|サビ|曲|余|あま|飽|腐|濡|ぬれ|溶|"
    r"欠け|ひび|焦げ|空|から|残|未開封|未使用|新品|中古|もら|買|大き|小さ|おおき|ちいさ|長|短|"
    r"重|軽|薄|厚|太|細|点か|つか|映ら|"
    r"書け|鳴ら|充電でき|子供の|子どもの|こどもの|大人の|赤ちゃんの|昔の|昔|割って|壊し|"
    r"捨てる|処分|サイズの合|サイズが合|小さくな|"
    r"電池が切|電池の切|インクが切|中身|なか|たくさん|大量|普通|ふつう|家庭用|業務用|一般的|"
    r"ただ|古びた|廃|電池の入|電池が入)"
)
_STATE_LONG = re.compile(
    rf"^{_STATES}[ぁ-んァ-ヺー一-龠]{{0,8}}?(?:なくなった|くなった|になった|てしまった|"
    rf"ちゃった|ている|てある|てない|てる|"
    r"[れっいけしきえりかちわびん]た|[っんい]だ|だった|(?<=[れけきえしち])た|ない|切れの|"
    r"済みの?|済の?)[ ]?(?=.)"
)
_STATE_SHORT = re.compile(rf"^{_STATES}[ぁ-ん]{{0,2}}?(?:い|な|の|り)[ ]?(?=.)")
_FROM = re.compile(
    r"^.{1,8}?(?:で出た|から出た|に使った|で使った|についた|に入った|に入っていた|で買った|"
    r"でもらった|用の?|みたいな|のような)(?=..)"
)
_EMPTY = re.compile(r"^(?:空き|空の|空|あき|から の)(?=[びビ瓶缶カ箱容ボペ袋ケ])")
_BRACKET = re.compile(r"^(.+?)[ ]?[（(]([^（()）]*)[）)]$")
_TOPICS = [
    (Topic.DAYS, re.compile(
        rf"(?:今日|きょう|明日|あした|あす|明後日|あさって|今週|来週|今度|次[のは回]|つぎ[のは]|週末|正月|"
        rf"年末|年始|祝日|連休|お盆|[月火水木金土日]曜).*(?:{_GARBAGE}|収集|回収|出せ|出す|"
        rf"何の日|なんの日|捨て)"
        r"|(?:収集|回収)(?:日|曜日|時間|は(?:いつ|何時|あ|休)|カレンダー|スケジュール|予定|"
        r"ある|あり|され)"
        rf"|{_GARBAGE}(?:の日|出しの日|カレンダー|は(?:いつ|何曜|何時)|の(?:曜日|収集|回収|"
        rf"予定|カレンダー)|.{{0,3}}いつ)"
        rf"|^(?:{_KINDS}|プラ|金属|資源|紙|びん|缶|かん|ペットボトル|古紙|布)[^ ]{{0,8}}の日"
        r"|(?:何|なん|なに)曜日?.*(?:出|捨|収集|回収|ごみ|ゴミ)|何時まで")),
    (Topic.BAGS, re.compile(rf"(?:{_GARBAGE}|指定|収集)袋.*(?:値段|料金|いくら|どこ|買|売|"
    rf"販売|種類|サイズ|大きさ|足り|もら|購入|ない|価格|指定|有料)|^指定(?:ごみ|ゴミ)?袋|"
    rf"^ごみ袋の?(?:代|券)")),
    (Topic.BULKY, re.compile(r"粗大(?:ごみ|ゴミ)?.{0,4}(?:申|予約|受付|電話|料金|値段|いくら|"
    r"シール|券|処理券|持ち込み|持込|回収|収集|出し方|頼)")),
    (Topic.SERVICE, re.compile(
        rf"(?:収集|回収)(?:して(?:もら|くれ|いな|な)|し(?:忘|残)|され(?:て|ない|ず)|に来|車|"
        rf"が来|がまだ|まだ|漏れ|の(?:申|依頼|電話|予約))"
        rf"|分別(?:アプリ|表|ガイド|辞典|早見|一覧|の(?:一覧|ガイド|アプリ|仕方|しかた|"
        rf"ルール))|^{_GARBAGE}(?:の)?(?:出し方|分別|分け方|捨て方|アプリ|一覧|集積|捨て場|"
        rf"ステーション|出す|出し|置き場|処理|センター|減量|屋敷|収集|回収|の?ボックスの)"
        rf"|(?:{_GARBAGE}|クリーンセンター|リサイクルセンター|処理場|清掃工場|集積所|"
        rf"{_GARBAGE}ステーション).{{0,5}}(?:持ち込み|持込|場所|時間|電話|料金|住所|営業|どこ|"
        rf"カラス|散らか|違反|不法|鍵)|不法投棄|ポイ捨て|野焼き")),
]  # fmt: skip
_ENDS = re.compile(
    r"[ ]?(?:w+|笑|です|だよ|ので|から|なんだけど|なんですが|について|って|とか|は|を|の|など)$"
)


def read_phrase(text: str) -> Phrase:
    """Find what a message asks about."""
    plain = clean(text)
    asks, service = bool(_DISPOSAL.search(plain)), None
    while found := _HEADS.match(plain):
        plain = plain[found.end() :]
    for topic, pattern in _TOPICS:
        if pattern.search(plain):
            if topic is not Topic.SERVICE:
                return Phrase("", asks=True, topic=topic)
            service = topic
    for _ in range(_NESTED):
        found = next(filter(None, (tail.match(plain) for tail in _TAILS)), None)
        if not found or not found[1].strip():
            break
        plain = _trim(found[1].strip())
    return Phrase(_trim(plain), asks, service)


_DISPOSAL = re.compile(
    rf"捨て|すて|棄て|処分|廃棄|分別|不用品|{_GARBAGE}|燃え|燃や|もえる|もやせる|不燃|可燃|粗大|リサイクル"
)
_SMALL_TALK = re.compile(
    r"^(?:(?:おはよう|こんにち[はわ]|こんばん[はわ]|おやすみ|はじめまして|よろしく|ありがと|"
    r"有難う|感謝|さんきゅ|サンキュ|どうも|"
    r"ごめん|すみません|すいません|お疲れ|おつかれ|了解|りょうかい|わかりました|分かりました|"
    r"わかった|なるほど|ok|おk|はい|"
    r"いいえ|いえ|うん|ううん|ええ|へえ|ほう|テスト|てすと|test|hello|hi|thanks|何でもない|"
    r"なんでもない|もしもし|助けて|"
    r"やめ|キャンセル|戻る|メニュー|終わり|終了|大丈夫|違う|ちがう|暇|ねむい|疲れた|元気)"
    r"(?:ござい|ます|ました|です|ね|よ|か|ございます|ございました|お願いします|う|ー| |さま|"
    r"様|だ|\d)*)$"
)


def is_small_talk(text: str) -> bool:
    """Whether a message is a greeting, thanks, or nothing but pictures."""
    plain = clean(text)
    return not plain or bool(_SMALL_TALK.match(plain))


def take_bracket(text: str) -> tuple[str, str]:
    """A message without what it says in brackets at its end, and that."""
    found = _BRACKET.match(text.strip())
    return (found[1], found[2]) if found else (text, "")


def peel(thing: str) -> list[str]:
    """A thing without the states before it, one more each time."""
    found, wave = {}, [thing]
    while wave:
        one = wave.pop(0)
        for state in (_STATE_LONG, _STATE_SHORT, _EMPTY, _FROM):
            if cut := state.match(one):
                rest = one[cut.end() :].strip()
                if rest and rest not in found and len(found) < _MOST_PEELED:
                    found[rest] = None
                    wave.append(rest)
    return list(found)


def split_things(thing: str) -> Iterator[list[str]]:
    """The ways to read a text as a list of things: 「布団と毛布」, 「傘、長靴」."""
    for mark in (r"[ ]|それと|あと|及び|および", r"と|[ ]", r"(?<=.)や|[ ]"):
        parts = [part for part in re.split(mark, thing) if part]
        if 2 <= len(parts) <= _MOST_THINGS:
            yield parts


def _trim(thing: str) -> str:
    while (shorter := _ENDS.sub("", thing).strip()) and shorter != thing:
        thing = shorter
    return thing
