"""What an index of names does, and one that keeps everything in memory."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping
from typing import Protocol

from app.names.fold import words
from app.names.keys import Entry, keys
from app.names.match import Candidate, Hit, rank, sift
from app.names.plan import plan
from app.names.roles import roles
from app.names.vocabulary import Vocabulary


class Store(Protocol):
    """Where names are kept by their words."""

    def postings(self, word_ids: Iterable[int]) -> Mapping[int, Iterable[int]]:
        """Return the numbers of the names that have each of the words."""

    def names(self, numbers: Iterable[int]) -> Iterable[Candidate]:
        """Return the names of these numbers."""


def search(query: str, vocabulary: Vocabulary, store: Store, *, prefix: bool = False) -> list[Hit]:
    """Return whom a typed name may mean: plan, fetch, sift, fetch, rank."""
    planned = plan(query, vocabulary, prefix=prefix)
    if not planned.drivers:
        return []
    found = sift(planned, store.postings(planned.links))
    return rank(planned, store.names(found), vocabulary)


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
        folded = words(text)
        if not folded:
            return
        for word in set(folded):
            self._count(word, 1)
        ids = tuple(self.vocabulary.id_of(word) or 0 for word in folded)
        name = Candidate(self._next_name, owner, text, ids, tuple(roles([keys(word) for word in folded])))
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
            for word_id in set(name.words):
                self._postings[word_id].discard(number)
                self._count(self.vocabulary.text(word_id), -1)
            self.vocabulary.names -= 1

    def postings(self, word_ids: Iterable[int]) -> Mapping[int, Iterable[int]]:
        """Return the numbers of the names that have each of the words."""
        return {word_id: self._postings[word_id] for word_id in word_ids if word_id in self._postings}

    def names(self, numbers: Iterable[int]) -> Iterable[Candidate]:
        """Return the names of these numbers."""
        return [self._names[number] for number in numbers]

    def search(self, query: str, *, prefix: bool = False, limit: int = 20) -> list[Hit]:
        """Return whom a typed name may mean, best first."""
        return search(query, self.vocabulary, self, prefix=prefix)[:limit]

    def _count(self, word: str, more: int) -> None:
        word_id = self.vocabulary.id_of(word)
        if word_id is None:
            self.vocabulary.put(self._next_word, word, Entry.of(word).written(), more)
            self._next_word += 1
        else:
            entry = self.vocabulary[word_id]
            self.vocabulary.put(word_id, word, entry.written(), self.vocabulary.count(word_id) + more)
