"""What every section of the configuration is."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict

from scheduler.vietnamese import Misread


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _topic_word(value: str) -> str:
    if not value or not all(c.isascii() and (c.isalnum() or c in "-_.") for c in value):
        raise Misread("bad_word", "chỉ dùng chữ không dấu, số, - _ .", "use letters without marks, digits, - _ . only")
    return value


TopicWord = Annotated[str, AfterValidator(_topic_word)]
