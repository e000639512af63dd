"""Global ids: what is kept of those that clients send is bounded in length, too."""

from base64 import b64encode
from uuid import UUID

import pytest

from graph.ids import encode_id, split_id, split_text_id

ROW = UUID("01941f29-7c0d-7000-8000-00000000000d")


def test_an_id_says_its_type_and_row() -> None:
    assert split_id(encode_id("Account", ROW)) == ("Account", ROW)


def test_of_a_type_that_nobody_has_named_so_nothing_is_kept() -> None:
    kept = split_text_id.cache_info().currsize

    for number in range(3):
        text = b64encode(f"{'A' * 10_000}{number}:{ROW}".encode()).decode()
        with pytest.raises(ValueError, match=r"^«.{80}» is not an id\.$"):
            split_id(text)

    assert split_text_id.cache_info().currsize == kept
