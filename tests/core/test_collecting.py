"""Python's collector is left off while a large batch is written, and only then."""

import gc

import pytest

from app.core.collecting import not_collecting
from tests.conftest import Register


async def test_nothing_is_collected_while_much_is_written_and_then_again(register: Register) -> None:
    async def work() -> bool:
        return gc.isenabled()

    async def fail() -> None:
        raise KeyError

    assert gc.isenabled()
    assert await register.database.aside(work) is False
    assert gc.isenabled()
    with pytest.raises(KeyError):
        await register.database.aside(fail)
    assert gc.isenabled()


def test_who_had_turned_it_off_finds_it_off() -> None:
    gc.disable()
    try:
        with not_collecting():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()
