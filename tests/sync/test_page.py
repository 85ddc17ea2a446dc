"""The partners' page, followed word by word."""

import asyncio
import json
import re
import sys
from pathlib import Path

from app.register.seeding import seed
from tests.factories import create, person
from tests.serving import ROOT
from tests.sync.mirroring import Copying, held
from tests.test_documents import holds, requests_shown

PAGE = (ROOT / "docs" / "sync.md").read_text(encoding="utf-8")
ANY = {"If-Match": "*"}


async def _run(program: Path, folder: Path, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, program, *arguments, cwd=folder, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


async def test_the_pages_program_copies_and_follows(copying: Copying, tmp_path: Path) -> None:
    (text,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    program = tmp_path / "follow.py"
    program.write_text(text)
    await seed(copying.source.database)
    await _run(program, tmp_path, copying.url)
    made = [await create(copying.source.admin, "persons", person()) for _ in range(3)]
    await copying.source.admin.patch(f"/v1/persons/{made[0]['id']}", json={"sex": "male"}, headers=ANY)
    await copying.source.admin.patch(f"/v1/persons/{made[1]['id']}", json={"visibility": "private"}, headers=ANY)
    await copying.source.admin.delete(f"/v1/persons/{made[2]['id']}", headers=ANY)
    await _run(program, tmp_path, copying.url)
    copy = json.loads((tmp_path / "copy.json").read_text())
    theirs = await held(copying.source.public)
    assert copy["records"] == {f"{kind}/{record_id}": record for (kind, record_id), record in theirs.items()}


async def test_the_page_shows_what_is_answered(copying: Copying) -> None:
    await seed(copying.source.database)
    shown = requests_shown(PAGE)
    assert len(shown) == 2
    for path, answer in shown:
        given = (await copying.source.public.get(path)).json()
        assert holds(given, answer), (path, given)
