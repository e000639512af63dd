"""How text is compared: folded, and cut into words, the same on every database."""

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"\w+")
MAX_WORD_CHARACTERS = 64


def fold(text: str) -> str:
    """The form in which two texts that differ in case or composition only are equal."""
    if text.isascii():
        return text.lower()  # the same, at a tenth of the cost
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def words(text: str) -> list[str]:
    """The folded words of a text, each once, in order of appearance; long ones are cut."""
    return folded_words(fold(text))


def folded_words(folded: str) -> list[str]:
    """The words of a text that is folded already, as `words` gives them."""
    found = dict.fromkeys(_WORD.findall(folded))
    return list(found) if len(folded) <= MAX_WORD_CHARACTERS else _cut(found)


def _cut(found: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(word[:MAX_WORD_CHARACTERS] for word in found))


def after_prefix(prefix: str) -> str:
    """The least text, in byte order, that is greater than every text which begins with the prefix."""
    return prefix + "\U0010ffff"
