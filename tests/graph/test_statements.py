"""What statements are made of."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from support.library.models import Book

from graph import statements


def test_threads_that_need_an_alias_at_once_get_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    together = threading.Barrier(2)
    make = statements.aliased

    def made_meanwhile(model: type[Any], name: str | None = None) -> Any:
        together.wait(5)
        return make(model, name=name)

    monkeypatch.setattr(statements, "aliased", made_meanwhile)
    with ThreadPoolExecutor(2) as threads:
        one, other = threads.map(lambda _: statements.alias_of(Book, "read by two threads"), range(2))

    assert one is other
