"""Scores records against a question: the rarer the words that a record has of it, the more they say."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from app.core.kinds import Key
from app.names.keys import keys
from app.names.likeness import similarity
from app.reading.searching.texts import CALLED, UNSAID, Text
from app.reading.searching.tokens import Typed, is_number

CUT_OFF: Final = 0.51
"""Score below which a record is not what was asked for: it has not much more than half of it."""
_WHOLE: Final = 0.25  # what a text adds of which every word was typed
_SURE: Final = 0.9  # likeness from which a word that goes without saying is meant
_UNSAID: Final = 0.95  # what is left of the likeness of such a word


class Meant(NamedTuple):
    """What a typed word may mean: words with their likeness; what a match says; how many records have one of them."""

    words: Mapping[str, float]
    weight: float
    records: int


class Hit(NamedTuple):
    """A record that a question may mean: how surely, the text that fits best, and its language."""

    key: Key
    score: float
    on: str
    language: str | None


def rank(asked: Typed, meant: Sequence[Meant], texts: Mapping[Key, Sequence[Text]]) -> list[Hit]:
    """Give the records that may be meant, the best first."""
    found = (_hit(asked, meant, key, theirs) for key, theirs in texts.items())
    hits = [hit for hit in found if hit is not None and hit.score >= CUT_OFF]
    return sorted(hits, key=lambda hit: (-hit.score, hit.key))


def _hit(asked: Typed, meant: Sequence[Meant], key: Key, texts: Sequence[Text]) -> Hit | None:
    said = [text for text in texts if text.field != UNSAID]
    shares = [[_share(one, text) for one in meant] for text in said]
    best = [max(column) for column in zip(*shares, strict=True)]
    if not any(best):
        return None
    unsaid = [_goes_without_saying(token, texts) for token in asked.tokens]
    gained = sum(one.weight * max(pair) for one, *pair in zip(meant, best, unsaid, strict=True))
    place = max(range(len(said)), key=lambda place: _fit(said[place], shares[place], meant, key))
    covered = _covered(said[place], meant)
    score = gained / sum(one.weight for one in meant) * (1 - _WHOLE + _WHOLE * covered)
    return Hit(key, round(score, 4), said[place].text, said[place].language)


def _share(one: Meant, text: Text) -> float:
    return max((one.words.get(word, 0.0) for word in text.words.split()), default=0.0)


def _fit(text: Text, shares: Iterable[float], meant: Iterable[Meant], key: Key) -> tuple[float, bool, float]:
    """Tell how well a text answers: by what it has of the question, then as the name of its record, then as a whole."""
    gained = sum(one.weight * share for one, share in zip(meant, shares, strict=True))
    return round(gained, 6), text.field == CALLED[key[0]], _covered(text, meant)


def _covered(text: Text, meant: Iterable[Meant]) -> float:
    words = text.words.split()
    told = {word for one in meant for word in one.words}
    return sum(word in told for word in words) / len(words)


def _goes_without_saying(token: str, texts: Iterable[Text]) -> float:
    if is_number(token):
        return 0.0
    alike = max((similarity(keys(token), keys(word)) for word in _unsaid(texts)), default=0.0)
    return alike * _UNSAID if alike >= _SURE else 0.0


def _unsaid(texts: Iterable[Text]) -> Iterator[str]:
    for text in texts:
        if text.field == UNSAID:
            yield from text.words.split()
