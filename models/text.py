"""How text is compared: folded, and cut into words, the same on every database."""

import re
import unicodedata

_WORD = re.compile(r"\w+")
MAX_WORD_CHARACTERS = 64


def fold(text: str) -> str:
    """The form in which two texts that differ in case or composition only are equal."""
    if text.isascii():
        return text.lower()  # the same, at a tenth of the cost
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def words(text: str) -> list[str]:
    """The folded words of a text, each once, in order of appearance; long ones are cut."""
    return list(dict.fromkeys(word[:MAX_WORD_CHARACTERS] for word in _WORD.findall(fold(text))))


def after_prefix(prefix: str) -> str:
    """The least text, in byte order, that is greater than every text which begins with the prefix."""
    return prefix + "\U0010ffff"
