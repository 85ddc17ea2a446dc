"""What two records make together, over all that they can say: nothing of either is lost, and it comes apart again."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.register.joining import gained, undone

words = st.sampled_from(["a", "b", "c"])
names = st.fixed_dictionaries(
    {"kind": st.sampled_from(["legal", "alias"]), "full": words, "language": st.none() | words}
)
texts = st.none() | st.dictionaries(st.sampled_from(["be", "en"]), words, min_size=1)
citations = st.lists(
    st.builds(
        lambda source, field: {"source_id": source, "field": field}, words, st.sampled_from([None, "sex", "names"])
    ),
    max_size=3,
    unique_by=str,
)


def _spelling(name: Any) -> tuple[str, str]:
    return name["full"], name["language"]


people = st.fixed_dictionaries(
    {
        "visibility": st.sampled_from(["public", "private"]),
        "names": st.lists(names, min_size=1, max_size=3, unique_by=_spelling),
        "sex": st.none() | words,
        "categories": st.lists(words, unique=True),
        "biography": texts,
        "private_notes": st.none() | words,
        "citations": citations,
    }
)
Fields = dict[str, Any]


@given(people, people)
@settings(max_examples=300, deadline=None)
def test_nothing_that_the_target_says_is_overwritten(target: Fields, other: Fields) -> None:
    said = gained(target, other)
    assert said["visibility"] == target["visibility"]
    for name, value in target.items():
        if isinstance(value, list):
            assert said[name][: len(value)] == value
        elif isinstance(value, dict):
            assert said[name].items() >= value.items()
        elif value is not None and name != "private_notes":
            assert said[name] == value


@given(people, people)
@settings(max_examples=300, deadline=None)
def test_everything_that_fits_comes_along(target: Fields, other: Fields) -> None:
    said = gained(target, other)
    assert {name["full"] for name in said["names"]} == {name["full"] for name in target["names"] + other["names"]}
    assert set(said["categories"]) == {*target["categories"], *other["categories"]}
    assert set(said["biography"] or ()) == {*(target["biography"] or ()), *(other["biography"] or ())}
    assert said["sex"] == (target["sex"] or other["sex"])
    assert (other["private_notes"] or "") in (said["private_notes"] or "")
    misses = [one for one in other["citations"] if one not in said["citations"]]
    assert all(one["field"] == "sex" and said["sex"] != other["sex"] for one in misses)


@given(people, people)
@settings(max_examples=300, deadline=None)
def test_what_was_gained_is_given_back(target: Fields, other: Fields) -> None:
    said = gained(target, other)
    assert undone(target, said, said) == target


@given(people, people, people)
@settings(max_examples=300, deadline=None)
def test_what_others_have_written_since_stays(target: Fields, other: Fields, later: Fields) -> None:
    said = gained(target, other)
    back = undone(target, said, later)
    assert back["names"]
    for name, value in later.items():
        if said[name] == target[name]:
            assert back[name] == (value if value != said[name] else target[name])
        elif isinstance(value, list):
            assert [one for one in value if one not in said[name]] == [
                one for one in back[name] if one not in said[name]
            ]
