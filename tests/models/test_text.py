"""Text is compared and searched the same whatever its case and composition."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.agreement import default_name
from models.text import MAX_WORD_CHARACTERS, after_prefix, fold, folded_words, words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Müller", "MU\u0308LLER"),
        ("STRASSE", "straße"),
        ("\ufb01nance", "FINANCE"),
        ("İstanbul", "I\u0307stanbul"),
        ("\uff21BC", "abc"),
        ("\u2163", "iv"),
    ],
    ids=str.casefold,
)
def test_case_and_composition_do_not_matter(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Contoso Ltd.", ["contoso", "ltd"]),
        ("A.G.R-000123", ["a", "g", "r", "000123"]),
        ("tic tac TIC", ["tic", "tac"]),
        (" -, ", []),
        ("", []),
        ("北京 有限公司", ["北京", "有限公司"]),
        ("x" * 100, ["x" * MAX_WORD_CHARACTERS]),
    ],
    ids=range(7),
)  # fmt: skip
def test_a_text_is_cut_into_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), st.text())
def test_what_begins_with_a_prefix_lies_between_it_and_the_text_after(prefix: str, rest: str) -> None:
    # the last code point of all is no character and stands in no word
    word = (prefix + rest).replace("\U0010ffff", "")
    if word.startswith(prefix):
        assert prefix <= word < after_prefix(prefix)


@given(st.text(), st.text())
def test_a_name_put_together_folds_as_its_parts_do(template: str, account: str) -> None:
    name, folded = default_name(template, account), default_name(fold(template), fold(account))

    assert fold(name) == folded
    assert set(words(name)) == {*folded_words(fold(template)), *folded_words(fold(account))}
