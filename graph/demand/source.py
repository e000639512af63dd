"""The text of a document, which knows where its lines begin."""

import re
from bisect import bisect_right
from functools import cached_property

from graphql import Source
from graphql.language import SourceLocation

_NEWLINE = re.compile(r"\r\n|[\n\r]")


class LinedSource(Source):
    """Finds the place of an error at once; graphql-core's counts the lines from the start for each."""

    @cached_property
    def starts(self) -> list[int]:
        """Where each line begins."""
        return [0, *(found.end() for found in _NEWLINE.finditer(self.body))]

    def get_location(self, position: int) -> SourceLocation:
        line = bisect_right(self.starts, position)
        return SourceLocation(line, position + 1 - self.starts[line - 1])
