"""What an index of names does, and one that keeps everything in memory."""

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from typing import Protocol

from app.names.fold import words
from app.names.match import Candidate, Hit, rank
from app.names.plan import Plan, plan
from app.names.vocabulary import Vocabulary


class Store(Protocol):
    """Where names are kept by their words; in SQL, `name_word` and `person_name_word` joined twice."""

    def having(self, word_ids: Sequence[int]) -> Sequence[Candidate]:
        """Return each name that has at least one of the words, with all its words, once."""


def search(query: str, vocabulary: Vocabulary, store: Store, *, prefix: bool = False, limit: int = 20) -> list[Hit]:
    """Return whom a typed name may mean: plan, fetch, rank."""
    planned: Plan = plan(query, vocabulary, prefix=prefix)
    return rank(planned, store.having(planned.drivers), vocabulary, limit) if planned.drivers else []


class MemoryIndex:
    """The reference index: tests and the bench search it, and any other must answer as it does."""

    def __init__(self) -> None:
        self.vocabulary = Vocabulary()
        self._names: dict[int, Candidate] = {}
        self._owned: defaultdict[Hashable, set[int]] = defaultdict(set)
        self._postings: defaultdict[int, set[int]] = defaultdict(set)
        self._next_name = 1
        self._next_word = 1

    def add(self, owner: Hashable, text: str) -> None:
        """Index one name of an owner; a text without letters is not indexed."""
        ids = tuple(self._word_id(word) for word in words(text))
        if not ids:
            return
        name = Candidate(self._next_name, owner, text, ids)
        self._next_name += 1
        self._names[name.name] = name
        self._owned[owner].add(name.name)
        for word_id in set(ids):
            self._postings[word_id].add(name.name)
        self.vocabulary.names += 1

    def remove(self, owner: Hashable) -> None:
        """Take all names of an owner out; nothing happens when there are none."""
        for number in self._owned.pop(owner, ()):
            name = self._names.pop(number)
            for word_id, count in Counter(name.words).items():
                self._postings[word_id].discard(number)
                self.vocabulary.remove(word_id, count)
            self.vocabulary.names -= 1

    def having(self, word_ids: Sequence[int]) -> Sequence[Candidate]:
        """Return the names that have one of the words, in order of entry."""
        found = {number for word_id in word_ids for number in self._postings.get(word_id, ())}
        return [self._names[number] for number in sorted(found)]

    def search(self, query: str, *, prefix: bool = False, limit: int = 20) -> list[Hit]:
        """Return whom a typed name may mean, best first."""
        return search(query, self.vocabulary, self, prefix=prefix, limit=limit)

    def _word_id(self, word: str) -> int:
        known = self.vocabulary.id_of(word)
        word_id = self._next_word if known is None else known
        self._next_word += known is None
        self.vocabulary.add(word_id, word)
        return word_id
