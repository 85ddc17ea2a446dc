"""Binds several PDFs of typst's into one, so that a thousand labels need no more memory than one sheet.

typst keeps what it has laid out, some 300 kB a label, and gives it up ten documents later; large jobs are therefore
set in small documents. Their files have a plain cross-reference table and no user text outside of streams, which
is what makes this so short; it is no tool for PDFs of another origin.
"""

import hashlib
import re
from typing import Final

_START: Final = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*$")
_TABLE: Final = re.compile(rb"xref\s+0 (\d+)\s+")
_ROOT: Final = re.compile(rb"/Root (\d+) 0 R")
_PAGES: Final = re.compile(rb"/Pages (\d+) 0 R")
_COUNT: Final = re.compile(rb"/Count (\d+)")
_REFERENCE: Final = re.compile(rb"(?<![\d.])(\d+) 0 R(?![A-Za-z])")
_OBJECT: Final = re.compile(rb"^(\d+) 0 obj\s*")
_ENTRY: Final = 20  # bytes of an entry of the table
_FIRST_FREE: Final = 3  # 1 is the catalog, 2 the root of the page tree


class Binder:
    """A file that leaves page by page: what was taken in is kept nowhere but in the bytes given back."""

    def __init__(self) -> None:
        self.pages = 0
        self._offsets: dict[int, int] = {}
        self._trees: list[int] = []
        self._next = _FIRST_FREE
        self._length = 0
        self._hash = hashlib.sha256()

    def add(self, document: bytes) -> bytes:
        """Give the file's next bytes: the pages of a document.

        Raises ``ValueError`` for one that is not as typst writes it.
        """
        objects, root = _objects(document)
        tree = _number(_PAGES, objects[root])
        shift = self._next - 1
        written = [] if self._trees else [self._out(b"%PDF-1.7\n%\x80\x80\x80\x80\n")]
        for number, body in objects.items():
            if number != root:
                shifted = _shifted(body, shift)
                if number == tree:
                    self.pages += _number(_COUNT, body)
                    shifted = shifted.replace(b"<<", b"<</Parent 2 0 R", 1)
                written.append(self._object(number + shift, shifted))
        self._trees.append(tree + shift)
        self._next = shift + max(objects) + 1
        return b"".join(written)

    def finish(self) -> bytes:
        """Give the file's last bytes; raises ``ValueError`` when it has no page."""
        if not self._trees:
            raise ValueError("there is nothing to bind")
        kids = b" ".join(b"%d 0 R" % tree for tree in self._trees)
        catalog = self._object(1, b"<</Type/Catalog/Pages 2 0 R>>\nendobj\n")
        tree = self._object(2, b"<</Type/Pages/Count %d/Kids[%s]>>\nendobj\n" % (self.pages, kids))
        start = self._length
        entries = map(self._entry, range(1, self._next))
        table = b"xref\n0 %d\n0000000000 65535 f \n" % self._next + b"".join(entries)
        name = self._hash.hexdigest()[:32].encode()
        trailer = b"trailer\n<</Size %d/Root 1 0 R/ID[<%s><%s>]>>\n" % (self._next, name, name)
        return catalog + tree + table + trailer + b"startxref\n%d\n%%%%EOF\n" % start

    def _object(self, number: int, body: bytes) -> bytes:
        self._offsets[number] = self._length
        return self._out(b"%d 0 obj\n%s" % (number, body))

    def _out(self, data: bytes) -> bytes:
        self._length += len(data)
        self._hash.update(data)
        return data

    def _entry(self, number: int) -> bytes:
        """Write an object's place; the catalogs that were left out are free entries."""
        offset = self._offsets.get(number)
        return b"0000000000 65535 f \n" if offset is None else b"%010d 00000 n \n" % offset


def _objects(document: bytes) -> tuple[dict[int, bytes], int]:
    """Take a file apart: each object's bytes after its header, and the number of the catalog."""
    start = _number(_START, document)
    table = _TABLE.match(document, start)
    if table is None:
        raise ValueError("this PDF has no plain cross-reference table")
    entries = range(table.end() + _ENTRY, table.end() + _ENTRY * int(table[1]), _ENTRY)
    offsets = sorted(int(document[entry : entry + 10]) for entry in entries)
    objects = {}
    for begin, end in zip(offsets, [*offsets[1:], start], strict=True):
        header = _OBJECT.match(document[begin:end])
        if header is None:
            raise ValueError("this PDF's cross-reference table does not lead to its objects")
        objects[int(header[1])] = document[begin + header.end() : end]
    return objects, _number(_ROOT, document[start:])


def _number(pattern: re.Pattern[bytes], data: bytes) -> int:
    found = pattern.search(data)
    if found is None:
        raise ValueError("this is no PDF as typst writes it")
    return int(found[1])


def _shifted(body: bytes, shift: int) -> bytes:
    """Renumber the references of an object, its stream left alone."""
    head, word, stream = body.partition(b"stream")
    renumbered = _REFERENCE.sub(lambda found: b"%d 0 R" % (int(found[1]) + shift), head)
    return renumbered + word + stream
