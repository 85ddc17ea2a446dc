"""What is withdrawn is gone at once, also where another process has it ready."""

from app.core.polled import Polled
from app.parts import open_database
from tests.conftest import Register
from tests.factories import create, person


async def test_no_other_process_takes_what_it_had_ready_for_the_present(register: Register) -> None:
    made = await create(register.editor, "persons", person())
    other = open_database(register.database.url)
    try:
        before = await other.watch.refresh()
        withdrawn = await register.editor.patch(
            f"/v1/persons/{made['id']}", json={"visibility": "partners"}, headers={"If-Match": "*"}
        )
        assert withdrawn.status_code == 200
        assert other.watch.current() != before
        assert isinstance(other.watch, Polled) == register.database.url.startswith("postgresql")
    finally:
        await other.close()
    gone = await register.public.get(f"/v1/persons/{made['id']}")
    assert gone.status_code == 404
