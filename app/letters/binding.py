"""Binds several PDFs of typst's into one, so that a thousand labels need no more memory than one sheet.

typst keeps what it has laid out, some 300 kB a label, and gives it up ten documents later; large jobs are therefore
set in small documents. Their files have a plain cross-reference table and no user text outside of streams, which
is what makes this so short; it is no tool for PDFs of another origin.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
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


@dataclass(slots=True)
class _Book:
    """A file being written: its bytes, where each object starts, and the page trees bound into it."""

    data: bytearray = field(default_factory=lambda: bytearray(b"%PDF-1.7\n%\x80\x80\x80\x80\n"))
    offsets: dict[int, int] = field(default_factory=dict)
    trees: list[int] = field(default_factory=list)
    pages: int = 0
    next: int = _FIRST_FREE

    def write(self, number: int, body: bytes) -> None:
        self.offsets[number] = len(self.data)
        self.data += b"%d 0 obj\n%s" % (number, body)


def bound(documents: Iterable[bytes]) -> bytes:
    """Put the pages of documents one after the other; a single document stays as it is.

    Raises ``ValueError`` when there is none or when one is not as typst writes it.
    """
    book, only = _Book(), b""
    for count, document in enumerate(documents):
        only = document if count == 0 else b""
        _take_in(document, book)
    if not book.trees:
        raise ValueError("there is nothing to bind")
    return only or _closed(book)


def _take_in(document: bytes, book: _Book) -> None:
    objects, root = _objects(document)
    tree = _number(_PAGES, objects[root])
    shift = book.next - 1
    for number, body in objects.items():
        if number != root:
            shifted = _shifted(body, shift)
            if number == tree:
                book.pages += _number(_COUNT, body)
                shifted = shifted.replace(b"<<", b"<</Parent 2 0 R", 1)
            book.write(number + shift, shifted)
    book.trees.append(tree + shift)
    book.next = shift + max(objects) + 1


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


def _closed(book: _Book) -> bytes:
    kids = b" ".join(b"%d 0 R" % tree for tree in book.trees)
    book.write(1, b"<</Type/Catalog/Pages 2 0 R>>\nendobj\n")
    book.write(2, b"<</Type/Pages/Count %d/Kids[%s]>>\nendobj\n" % (book.pages, kids))
    start, size = len(book.data), book.next
    book.data += b"xref\n0 %d\n0000000000 65535 f \n" % size
    for number in range(1, size):
        offset = book.offsets.get(number)  # the catalogs left out are free entries
        book.data += b"0000000000 65535 f \n" if offset is None else b"%010d 00000 n \n" % offset
    name = hashlib.sha256(book.data).hexdigest()[:32].encode()
    book.data += b"trailer\n<</Size %d/Root 1 0 R/ID[<%s><%s>]>>\nstartxref\n%d\n%%%%EOF\n" % (
        size,
        name,
        name,
        start,
    )
    return bytes(book.data)
