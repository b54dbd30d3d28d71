"""Forms: declared once, asked in the chat or on a page. Plugins import these names.

```python
from madoguchi.forms import Choice, Form, LongText

Form("report", "道路や公園の不具合を知らせる", [
    Choice("kind", "どんな不具合ですか", options={"hole": "道路の穴", "lamp": "街灯"}),
    LongText("note", "ほかに伝えたいこと", optional=True),
], on_submit=receive_report)
```
"""

from madoguchi.forms.asking import (
    Asking,
    Control,
    Given,
    Mistake,
    Nested,
    Option,
    Part,
    Partial,
    Place,
    read_given,
)
from madoguchi.forms.choosing import Choice, Choices, Consent, Note, options_of
from madoguchi.forms.dates import Birthdate, Date
from madoguchi.forms.form import Field, Form, Purpose, Refuse, Submission
from madoguchi.forms.places import Location
from madoguchi.forms.question import Question, ask_text, tap_item
from madoguchi.forms.repeating import Repeat
from madoguchi.forms.uploads import Files, Photos
from madoguchi.forms.writing import Email, LongText, Number, Phone, PostalAddress, Text

__all__ = [
    "Asking",
    "Birthdate",
    "Choice",
    "Choices",
    "Consent",
    "Control",
    "Date",
    "Email",
    "Field",
    "Files",
    "Form",
    "Given",
    "Location",
    "LongText",
    "Mistake",
    "Nested",
    "Note",
    "Number",
    "Option",
    "Part",
    "Partial",
    "Phone",
    "Photos",
    "Place",
    "PostalAddress",
    "Purpose",
    "Question",
    "Refuse",
    "Repeat",
    "Submission",
    "Text",
    "ask_text",
    "options_of",
    "read_given",
    "tap_item",
]
