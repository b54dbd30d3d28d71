"""Photos and files. They are stored before they are an answer (`madoguchi.forms.media`)."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

from madoguchi.forms.asking import Asking, Control, Given, Mistake, Partial
from madoguchi.forms.choosing import DONE
from madoguchi.forms.question import Question, ask_text, item, leave_out, tap_item


@dataclass(frozen=True, slots=True)
class Photos(Question):
    """Photos, at most `most`; stored are the numbers that they have in the table `media`."""

    _: KW_ONLY
    least: int = 1
    most: int = 5
    upload: ClassVar[str] = "photo"
    """What `media.kind` has to be."""

    def ask(self, asking: Asking) -> list[dict[str, Any]]:
        """Camera and album; after the first photo, a button that says that these are all."""
        say, sent = asking.say, len(asking.partial or ())
        items = [
            item({"type": "camera", "label": say("写真をとる")}),
            item({"type": "cameraRoll", "label": say("アルバムから選ぶ")}),
        ]
        if not sent:
            return [ask_text(self, asking, say("{most}枚まで送れます。", most=self.most), items)]
        text = say(
            "写真を{sent}枚受け取りました。あと{left}枚送れます。", sent=sent, left=self.most - sent
        )
        items = [tap_item(asking, say("これで次へ"), DONE), *items]
        return [{"type": "text", "text": text, "quickReply": {"items": items}}]

    def page(self, asking: Asking) -> Control:
        """What was uploaded, and room for more."""
        files = asking.given.files if asking.given else asking.value or ()
        return Control("photos", values=[str(one) for one in files], most=self.most)

    def parse(self, given: Given, asking: Asking) -> list[int] | Partial | None:
        """The photos; in the chat one after another, until there are enough."""
        files = [*(asking.partial or ()), *given.files]
        if asking.in_chat and files and given.text in (DONE, asking.say("これで次へ")):
            return self._checked(files)
        if asking.in_chat and not given.files and not given.is_empty:
            raise Mistake("写真を送ってください。")
        if asking.in_chat and files and (given.more or len(files) < self.most):
            return Partial(files[: self.most], silent=given.more)
        return self._checked(files[: self.most] if asking.in_chat else files)

    def _checked(self, files: Sequence[int]) -> list[int] | None:
        files = list(dict.fromkeys(files))
        if not files:
            return leave_out(self)
        if len(files) < self.least:
            raise Mistake("写真を{least}枚以上送ってください。", least=self.least)
        if len(files) > self.most:
            raise Mistake("写真は{most}枚までです。", most=self.most)
        return files

    def show(self, value: Any, asking: Asking) -> str:
        """How many."""
        return asking.say("{count}枚", count=len(value)) if value else ""


@dataclass(frozen=True, slots=True)
class Files(Question):
    """Files such as a PDF, at most `most`; always personal. Stored like photos."""

    _: KW_ONLY
    personal: bool = True
    always_personal: ClassVar[bool] = True
    most: int = 3
    types: Sequence[str] = ("application/pdf", "image/jpeg", "image/png")
    """Media types that are taken."""
    upload: ClassVar[str] = "file"

    def page(self, asking: Asking) -> Control:
        """What was uploaded, and room for more."""
        files = asking.given.files if asking.given else asking.value or ()
        return Control("files", values=[str(one) for one in files], most=self.most)

    def parse(self, given: Given, asking: Asking) -> list[int] | None:
        """The files."""
        files = list(dict.fromkeys(given.files))
        if not files:
            return leave_out(self)
        if len(files) > self.most:
            raise Mistake("ファイルは{most}つまでです。", most=self.most)
        return files

    def show(self, value: Any, asking: Asking) -> str:
        """How many."""
        return asking.say("ファイル{count}つ", count=len(value)) if value else ""
