"""The values that records are made of, as the API takes and gives them: each refuses what cannot be."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from app.core import edtf, ranks, terms

# Besides control characters: ends of lines and paragraphs, signs that turn a text round so that it shows another one
# than it is, marks of byte order. What joins and parts letters, or says which way they run, is allowed.
_UNSEEN: Final = r"\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff\ufff9-\ufffb"
_IN_LINES: Final = rf"\u0000-\u001f{_UNSEEN}"
_IN_PROSE: Final = rf"\u0000-\u0008\u000b-\u001f{_UNSEEN}"
# And where there is nothing but these, nothing is to be seen.
_BLANK: Final = rf"\s{_IN_LINES}\u00ad\u034f\u061c\u115f\u1160\u200b-\u200f\u2060-\u2064\u3164\ufe00-\ufe0f\uffa0"
_LINE: Final = rf"^[^{_IN_LINES}]*[^{_BLANK}][^{_IN_LINES}]*$"
_PROSE: Final = rf"^[^{_IN_PROSE}]*[^{_BLANK}][^{_IN_PROSE}]*$"
_SEEN: Final = re.compile(f"[^{_BLANK}]")


class _Parsed:
    """Annotation for a class of ours that parses a text in its constructor."""

    def __init__(self, pattern: str, description: str, examples: list[str]) -> None:
        self.schema = {"pattern": pattern, "description": description, "examples": examples}

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's protocol
        return core_schema.no_info_after_validator_function(source, core_schema.str_schema(max_length=40))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(schema), **self.schema}


def _tidy(forbidden: str) -> BeforeValidator:
    """Make what tidies a text before it is measured: composed letters may be fewer, or more, than they were."""
    unwanted = re.compile(f"[{forbidden}]")

    def tidy(value: object) -> object:
        if not isinstance(value, str):
            return value
        text = unicodedata.normalize("NFC", value.replace("\r\n", "\n")).strip()
        if unwanted.search(text):
            raise ValueError("control characters, and signs that turn a text round, are not allowed")
        if not _SEEN.search(text):
            raise ValueError("an empty text says nothing: leave the field out or send null")
        return text

    return BeforeValidator(tidy)


def _not_future(value: edtf.PartialDate) -> edtf.PartialDate:
    if value.earliest > datetime.now(UTC).date():
        raise ValueError("this day has not come yet: only what has happened is recorded here")
    return value


def _with_year(value: edtf.PartialDate) -> edtf.PartialDate:
    if value.parts.year is None:  # it may lie in any year, so that nothing lies before or behind it
        raise ValueError("a bound needs a year: write 2021, 2021-05 or 2021-05-18")
    return value


PartialDate = Annotated[
    edtf.PartialDate,
    _Parsed(
        edtf.PATTERN,
        "A date as far as it is known (EDTF): year, month or day; XXXX is an unknown year; ~ about, ? unsure.",
        ["2021-05-18", "2021-05", "2021", "XXXX-07-13", "2021-05~"],
    ),
]
PastDate = Annotated[PartialDate, AfterValidator(_not_future)]
DateBound = Annotated[
    edtf.PartialDate,
    _Parsed(
        edtf.PATTERN_OF_BOUNDS,
        "A date to compare others with (EDTF): year, month or day; ~ about, ? unsure.",
        ["2021-05-18", "2021-05", "2021"],
    ),
    AfterValidator(_with_year),
]
Term = Annotated[
    terms.Term,
    _Parsed(
        terms.PATTERN,
        "Years, months and days (ISO 8601), as stated; never added up.",
        ["P12Y", "P7Y6M", "P15D"],
    ),
]
ArticleNumber = Annotated[ranks.Rank, _Parsed(ranks.PATTERN, "The number of an article, as text.", ["361", "361-4"])]

Line = Annotated[
    str,
    Field(min_length=1, max_length=500, json_schema_extra={"pattern": _LINE}),
    _tidy(_IN_LINES),
]
Prose = Annotated[
    str,
    Field(min_length=1, max_length=20_000, json_schema_extra={"pattern": _PROSE}),
    _tidy(_IN_PROSE),
]
Token = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
PostalCode = Annotated[str, Field(min_length=2, max_length=12, pattern=r"^[A-Z0-9](?:[A-Z0-9 -]*[A-Z0-9])$")]
Url = Annotated[
    str,
    Field(min_length=10, max_length=2000, pattern=r"^https?://[A-Za-z0-9][A-Za-z0-9.:-]*(?:[/?#][!#-;=?-~]*)?$"),
]
LanguageTag = Annotated[
    str,
    Field(
        max_length=35,
        pattern=r"^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*$",
        description="Language tag (BCP 47) in its canonical case.",
        examples=["be", "ru", "en", "be-Latn"],
    ),
]
# The pattern of the keys alone would leave others free to hold anything.
_NO_OTHER_KEYS: Final[dict[str, Any]] = {"additionalProperties": False}
LocalizedLine = Annotated[
    dict[LanguageTag, Line],
    Field(
        min_length=1,
        max_length=40,
        description="Language tag → text.",
        examples=[{"en": "Correctional colony №4"}],
        json_schema_extra=_NO_OTHER_KEYS,
    ),
]
LocalizedProse = Annotated[
    dict[LanguageTag, Prose],
    Field(
        min_length=1,
        max_length=40,
        description="Language tag → text.",
        examples=[{"en": "Co-founder."}],
        json_schema_extra=_NO_OTHER_KEYS,
    ),
]
Lines = Annotated[list[Line], Field(max_length=500)]

# ISO 3166-1 alpha-2, the officially assigned codes.
COUNTRIES: Final = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT "
    "BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH "
    "ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT "
    "HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS "
    "LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI "
    "NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG "
    "SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG "
    "UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW "
).split()


def _country(code: str) -> str:
    if code not in COUNTRIES:
        raise ValueError("no country has this code (ISO 3166-1 alpha-2, as in BY)")
    return code


CountryCode = Annotated[
    str,
    AfterValidator(_country),
    Field(
        description="Country (ISO 3166-1 alpha-2).",
        json_schema_extra={"enum": list(COUNTRIES)},
        examples=["BY"],
    ),
]
CurrencyCode = Annotated[
    str,
    Field(pattern=r"^[A-Z]{3}$", description="Currency (ISO 4217) in force at the time.", examples=["BYN"]),
]


def _canonical(value: object) -> object:
    if isinstance(value, str) and len(value) != 36:  # noqa: PLR2004 - xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx
        raise ValueError("write an id as xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")
    return value


_INSTANT: Final = re.compile(
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$"
)


def _instant_text(value: object) -> object:
    if isinstance(value, str) and _INSTANT.fullmatch(value) is None:
        raise ValueError("write an instant as 2026-01-31T12:00:00Z (RFC 3339), a plus sign in a URL as %2B")
    return value


def _in_utc(value: datetime) -> datetime:
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("this instant lies outside the calendar") from None


Instant = Annotated[AwareDatetime, BeforeValidator(_instant_text), AfterValidator(_in_utc)]
Id = Annotated[UUID, BeforeValidator(_canonical)]
Visibility = Literal["public", "partners", "private"]
