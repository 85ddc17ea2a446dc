"""What measures: it counts whole answers, refuses wrong ones, and tells noise from a loss of speed."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from bench import floors, load, report, results
from bench.measuring import Row, noise_of
from bench.results import Measured, Run
from bench.writing import Disturbed

ROW = Row("a case", 1000, 9_000.0, 0.6, 0.1, 1.0, 2.0, 3.0, 0.7)
Answers = list[bytes]


@pytest.fixture
def answers() -> Answers:
    return [b"HTTP/1.1 200 OK\r\nContent-Length: 70000\r\n\r\n" + b"x" * 70_000]


@pytest.fixture
def base(answers: Answers) -> Iterator[str]:
    """A server that says the same to everybody."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        threading.Thread(target=_serve, args=(listening, answers), daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


def _serve(listening: socket.socket, answers: Answers) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(connection, answers), daemon=True).start()


def _answer(connection: socket.socket, answers: Answers) -> None:
    with connection:
        try:
            while connection.recv(1000):
                connection.sendall(answers[0])
        except OSError:
            return


def test_answers_are_taken_whole(base: str) -> None:
    rate = load.run(base, [load.request("/")], 0.05, connections=2)
    assert rate.requests > 10
    assert 0 < rate.p50 <= rate.p95 <= rate.p99 < 1_000


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 2\r\n\r\n{}", "429"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "length"),
    ],
)
def test_a_wrong_answer_ends_the_measurement(base: str, answers: Answers, answer: bytes, words: str) -> None:
    answers[0] = answer
    with pytest.raises(load.WrongAnswer, match=words):
        load.run(base, [load.request("/")], 0.05, connections=1)


def test_noise_is_what_the_slices_differ_by() -> None:
    assert noise_of([0.6] * 9) < noise_of([0.5, 0.7] * 5) < noise_of([0.3, 0.9] * 5)


def _run(**said: float) -> Run:
    return Run("2026-01-01", "an invented machine", [Measured("SQLite", 100_000, [replace(ROW, **said)])])  # type: ignore[arg-type]  # floats only


def test_what_is_slower_beyond_the_noise_of_both_is_said() -> None:
    assert list(results.slower(_run(ratio=0.51), _run())) == []
    assert len(list(results.slower(_run(ratio=0.45), _run()))) == 1


def test_how_far_two_runs_agree_is_said(tmp_path: Path) -> None:
    assert results.agreement(_run(ratio=0.55), _run()) == "agrees in 1 of 1 cases within the noise of both."
    for ratio in (0.45, 0.8):
        assert "0 of 1" in results.agreement(_run(ratio=ratio), _run())
    report.write(replace(_run(), again="Another run agrees."), tmp_path / "page.md")
    assert "\nAnother run agrees.\n" in (tmp_path / "page.md").read_text(encoding="utf-8")


def test_a_run_is_kept_and_read(tmp_path: Path) -> None:
    results.save(_run(), tmp_path / "run.json")
    assert results.load(tmp_path / "run.json") == _run()


def test_what_is_measured_anew_takes_the_place_of_what_is_kept(tmp_path: Path) -> None:
    small = Measured("SQLite", 1_000, [replace(ROW, ratio=0.9)], on="2026-01-02, code of abc")
    server = Measured("PostgreSQL", 1_000, [ROW])
    kept = Run("2026-01-01", "an invented machine", [Measured("SQLite", 1_000, [ROW]), *_run().measured, server])
    both = results.together(kept, Run("2026-01-02", "an invented machine", [small]))
    said = [(one.database, one.people, one.on) for one in both.measured]
    assert said == [("SQLite", 1_000, small.on), ("SQLite", 100_000, "2026-01-01"), ("PostgreSQL", 1_000, "2026-01-01")]
    report.write(both, tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "\nMeasured on 2026-01-02, code of abc.\n" in page
    assert "in two runs: 2026-01-02, code of abc; 2026-01-01." in page


def test_the_page_has_the_figures_and_the_growth(tmp_path: Path) -> None:
    small = Measured("SQLite", 1_000, [replace(ROW, ratio=0.9)])
    report.write(Run("2026-01-01", "an invented machine", [small, *_run().measured]), tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "| a case | 1,000 | 9,000 | 15,000 | 0.60 | ±10% | 0.70 | 1.00 | 2.00 | 3.00 |" in page
    assert "| a case | 1.50 | ±20% |" in page


def test_the_page_says_how_the_databases_compare(tmp_path: Path) -> None:
    slow, fast = replace(ROW, case="slow", requests=300), replace(ROW, requests=4_500)
    beside = [
        Measured("SQLite", 100_000, [ROW, replace(ROW, case="slow")]),
        Measured("PostgreSQL", 100_000, [slow, fast]),
    ]
    report.write(Run("2026-01-01", "an invented machine", beside), tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "PostgreSQL has at least 0.03 (slow), and 0.27 or more in half of the cases." in page


def test_a_demand_that_is_not_met_is_said() -> None:
    row, names = replace(ROW, case="one person, ready"), replace(ROW, case="different names, one by one", p95=44.0)
    left = Disturbed("one person", "POST", 0.6, 0.1, 10.0)
    run = Run("2026-01-01", "an invented machine", [Measured("SQLite", 100_000, [row, names], disturbed=[left])])
    assert list(floors.missed(run)) == []
    for broken, what in (
        ([replace(row, ratio=0.5), names], "one person, ready"),
        ([row, replace(names, p95=46.0)], "different names, one by one: p95, ms"),
    ):
        run.measured[0].rows = broken
        assert [said.rpartition(": ")[0] for said in floors.missed(run)] == [what]
    few = Measured("SQLite", 100_000, [row], disturbed=[left, replace(left, left=0.4)])
    assert len(list(floors.missed(replace(run, measured=[few])))) == 1
    assert list(floors.missed(replace(run, measured=[replace(few, people=1_000)]))) == []


def test_the_page_has_what_each_run_reached_of_what_is_demanded(tmp_path: Path) -> None:
    run, other = (_run(ratio=ratio) for ratio in (0.5, 0.7))
    for one in (run, other):
        one.measured[0].rows[0] = replace(one.measured[0].rows[0], case="one person, ready")
    kept = replace(run, reached=floors.reached(replace(other, on="2026-01-02")))
    results.save(kept, tmp_path / "run.json")
    assert results.load(tmp_path / "run.json") == kept
    report.write(kept, tmp_path / "page.md")
    page = (tmp_path / "page.md").read_text(encoding="utf-8")
    assert "|  | demanded | 2026-01-01 | 2026-01-02 |" in page
    assert "| one person, ready | at least 0.6 | **0.5 ±10%** | 0.7 ±10% |" in page
    assert results.together(kept, _run()).reached == ()
    assert results.together(kept, Run("2026-01-03", "", [])).reached == kept.reached
