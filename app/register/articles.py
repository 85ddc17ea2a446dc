"""Articles: what the codes say that is used against people."""

from typing import Literal

from app.core.record import Input, Record, choice, compound, field
from app.core.resource import Resource
from app.core.types import ArticleNumber, CountryCode, LocalizedLine, PartialDate
from app.register.rules import in_order

Code = Literal["criminal", "administrative"]


class ArticleIn(Input):
    """An article of a code."""

    country: CountryCode = field(text="Whose code it is.", filter=True)
    code: Code = choice(text="Which code: `criminal` or `administrative`.")
    number: ArticleNumber = field(text="Its number, as text; lists sort it as a lawyer would.")
    title: LocalizedLine | None = compound(None, text="What it punishes.")
    valid_from: PartialDate | None = field(None, text="In force from.", filter=False)
    valid_to: PartialDate | None = field(None, text="In force until.", filter=False)

    _order = in_order("valid_from", "valid_to")


class Article(ArticleIn, Record, table=True):
    """An article as kept."""

    __tablename__ = "articles"


articles = Resource(
    "articles",
    "an article",
    record=Article,
    write=ArticleIn,
    sort="number",
    text="Articles of criminal and administrative codes, in legal order: 130 before 203-1 before 361 before 361-1.",
)
