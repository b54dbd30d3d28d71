"""What staff may change: the topics, the areas, and what residents are asked at all."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from madoguchi_segment.items import Area, Item, Topic, Words, check_items

Row = Literal["living", "area", "age", "sex", "children"]
ROWS: dict[str, JsonValue] = {  # nosay
    "living": "市内に住んでいるか",
    "area": "地域",
    "age": "年齢",
    "sex": "性別",
    "children": "お子さんの生年月日",
}
"""What staff read for a row."""
_PURPOSE = ("なぜ聞くか", "いつまで持つか", "だれが見るか")  # nosay


class PurposeText(BaseModel):
    """What stands before the first personal question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    why: Words = Field(title=_PURPOSE[0], default="あなたに関係のあるお知らせだけを送るためです。")
    how_long: Words = Field(
        title=_PURPOSE[1],
        default="設定を消すまでです。ブロックしたときは、90日あとに消します。",
    )
    who: Words = Field(title=_PURPOSE[2], default="広報課の職員と、お知らせを送る課の職員です。")


class Settings(BaseModel):
    """The settings of the plugin."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topics: list[Topic] = Field(  # nosay
        default=[
            Topic(
                id="city",
                label={
                    "ja": "市からのお知らせ",
                    "ja-easy": "市《し》からの お知《し》らせ",
                    "en": "City news",
                },
            ),
            Topic(
                id="disaster",
                label={
                    "ja": "防災・緊急",
                    "ja-easy": "地震《じしん》や 台風《たいふう》など",
                    "en": "Disasters",
                },
            ),
            Topic(
                id="children",
                label={"ja": "子育て", "ja-easy": "子《こ》ども", "en": "Raising children"},
            ),
            Topic(
                id="garbage",
                label={"ja": "ごみ・リサイクル", "ja-easy": "ごみ", "en": "Garbage and recycling"},
            ),
        ],
        min_length=1,
        max_length=100,
        title="お知らせの種類",
    )
    areas: list[Area] = Field(default=[], max_length=500, title="地域")  # nosay
    ages: list[Item] = Field(  # nosay
        title="年齢",
        default=[
            Item(
                id="u20",
                label={"ja": "19歳まで", "ja-easy": "19歳《さい》まで", "en": "19 or younger"},
            ),
            Item(
                id="20s",
                label={
                    "ja": "20〜39歳",
                    "ja-easy": "20歳《さい》から 39歳《さい》",
                    "en": "20 to 39",
                },
            ),
            Item(
                id="40s",
                label={
                    "ja": "40〜64歳",
                    "ja-easy": "40歳《さい》から 64歳《さい》",
                    "en": "40 to 64",
                },
            ),
            Item(
                id="65",
                label={"ja": "65歳から", "ja-easy": "65歳《さい》から", "en": "65 or older"},
            ),
        ],
    )
    rows: list[Row] = Field(  # nosay
        title="聞くこと",
        default=["living", "area", "age", "sex", "children"],
        json_schema_extra={"words": ROWS},
    )
    """What is asked beside the topics; the fewer, the better."""
    purpose: PurposeText = Field(title="答える前に読むこと", default=PurposeText())  # nosay
    remind_days: int | None = Field(  # nosay
        title="設定していない人に知らせる間（日）", default=None, ge=7, le=366
    )
    """Friends who have set nothing are told so at most once in so many days; None: never."""

    @model_validator(mode="after")
    def _fits_together(self) -> "Settings":
        for what in ("topics", "areas", "ages"):
            check_items(getattr(self, what), what)
        if not any(topic.is_offered for topic in self.topics):
            raise ValueError("topics: at least one has to be offered, neither retired nor merged")
        return self
