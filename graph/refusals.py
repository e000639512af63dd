"""What is refused before an operation is known: an HTTP status, a code, one sentence."""

from graph.errors import Code


class Refused(Exception):
    """The request is answered with one coded error and this status.

    Args:
        status: Of the HTTP answer.
        code: Of the error; a member of `Code`, or its name.
        message: One sentence for a person.
        headers: Of the answer, beside those of every answer; underscores stand for hyphens.

    Raises:
        ValueError: There is no such code.
    """

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, Code(code), message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
