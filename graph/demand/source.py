"""The text of a document, which knows where its lines begin."""

import re
from bisect import bisect_left
from functools import cached_property

from graphql import Source
from graphql.language import SourceLocation

_NEWLINE = re.compile(r"\r\n|[\n\r]")


class LinedSource(Source):
    """Finds the place of an error at once; graphql-core's counts the lines from the start for each."""

    @property
    def line_count(self) -> int:
        text = self.body
        return 1 + text.count("\n") + text.count("\r") - text.count("\r\n")

    @cached_property
    def ends(self) -> list[tuple[int, int]]:
        """Where each line but the last ends, and where the next one begins."""
        return [found.span() for found in _NEWLINE.finditer(self.body)]

    def get_location(self, position: int) -> SourceLocation:
        line = bisect_left(self.ends, (position, 0))
        return SourceLocation(line + 1, position + 1 - (self.ends[line - 1][1] if line else 0))
