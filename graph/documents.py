"""What does not depend on variables is done once a document: parsing, limits, validation, prices."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, OperationType

from graph.errors import Code, CodedError
from graph.limits import Demand, Price
from graph.requests import GraphQLRequest


class NotRunnable(Exception):
    """The request cannot be executed; `errors` say why, as graphql-core reports them."""

    def __init__(self, errors: list[GraphQLError]) -> None:
        super().__init__(errors[0].message)
        self.errors = errors


class Definition:
    """An operation that a document defines: what can be said of it for all requests."""

    __slots__ = ("kind", "mutates", "name", "node", "price", "subscribes")

    def __init__(self, node: OperationDefinitionNode, price: Price) -> None:
        self.node, self.price, self.kind = node, price, node.operation
        self.name = node.name.value if node.name else None
        self.mutates = self.kind is OperationType.MUTATION
        self.subscribes = self.kind is OperationType.SUBSCRIPTION


@dataclass(frozen=True, eq=False)
class Document:
    """A valid document within the limits, and its operations by name; None for the only one that has none.

    `tokens` are what it takes to keep it. `plans` are what the compiler has made of it: they go when the
    document goes.
    """

    text: str
    node: DocumentNode
    operations: Mapping[str | None, Definition]
    tokens: int
    plans: dict[Any, Any] = field(default_factory=dict[Any, Any])

    def operation(self, name: str | None) -> Definition:
        """The operation to run.

        Raises:
            NotRunnable: There is none of that name, or several and none is named.
        """
        if name is None:
            if len(self.operations) == 1:
                [found] = self.operations.values()
                return found
            message = "There are several operations: name the one to run in operationName."
            if not self.operations:
                message = "The document holds no operation."
        elif found := self.operations.get(name):
            return found
        else:
            message = "There is no operation of that name."
        raise NotRunnable([CodedError(message, code=Code.BAD_REQUEST)])


class Documents:
    """Documents as they are sent, and those that are kept; what is invalid is never kept.

    Args:
        demand: The schema and the limits that documents must fit.
        suggestions: Whether errors may name fields and types that were perhaps meant.
        most_kept: Documents kept, the last used ones.
        most_kept_tokens: Of all kept documents together; each takes half a kilobyte.
    """

    def __init__(
        self,
        demand: Demand,
        *,
        suggestions: bool = True,
        most_kept: int = 1_000,
        most_kept_tokens: int = 100_000,
    ) -> None:
        self.suggestions = suggestions
        self.limits = demand.limits
        self._demand = demand
        self._kept: OrderedDict[str, Document] = OrderedDict()
        self._tokens = 0
        self._most_kept, self._most_tokens = most_kept, most_kept_tokens

    def __len__(self) -> int:
        """How many are kept."""
        return len(self._kept)

    def get(self, text: str) -> Document:
        """The document of this text.

        Raises:
            NotRunnable: It is not GraphQL, asks for too much, or does not fit the schema.
        """
        found = self._kept.get(text)
        if found is not None:
            self._kept.move_to_end(text)
            return found
        try:
            found = self._read(text)
        except GraphQLError as error:
            raise NotRunnable([error]) from error
        self._keep(found)
        return found

    def _read(self, text: str) -> Document:
        node = self._demand.parse(text)
        self._demand.measure(node)
        errors = self._demand.validate(node, hide_suggestions=not self.suggestions)
        if errors:
            raise NotRunnable(errors)
        operations = [
            Definition(each, self._demand.price(node, each))
            for each in node.definitions
            if isinstance(each, OperationDefinitionNode)
        ]
        return Document(text, node, {each.name: each for each in operations}, tokens=_parted(node))

    def _keep(self, document: Document) -> None:
        self._kept[document.text] = document
        self._tokens += document.tokens
        while len(self._kept) > self._most_kept or self._tokens > self._most_tokens:
            _, dropped = self._kept.popitem(last=False)
            self._tokens -= dropped.tokens


class TrustedDocuments:
    """Documents that clients name instead of sending them.

    A manifest's are known from the start. Others become known when a client sends them along with their
    hash (automatic persisted queries), unless `only_manifest`.

    Args:
        manifest: Documents by id, in general the SHA-256 of their text in hexadecimal.
        only_manifest: Refuse every other document, named or sent.
        most_learnt: Documents learnt from clients, the last used ones.
        most_characters: Of all learnt documents together.
    """

    def __init__(
        self,
        manifest: Mapping[str, str] | None = None,
        *,
        only_manifest: bool = False,
        most_learnt: int = 1_000,
        most_characters: int = 4_000_000,
    ) -> None:
        self.only_manifest = only_manifest
        self._manifest = dict(manifest or {})
        self._texts = frozenset(self._manifest.values())
        self._learnt: OrderedDict[str, str] = OrderedDict()
        self._characters = 0
        self._most_learnt, self._most_characters = most_learnt, most_characters

    def text_of(self, request: GraphQLRequest) -> str:
        """The document that the request sends or names.

        Raises:
            CodedError: It does neither, names one that is not known, sends one that is not trusted, or sends
                one and names another.
        """
        by_hash = _hash_of(request) if request.is_named else None
        named = by_hash or request.document_id
        if request.query:
            if named is not None:
                self._require_same(request.query, by_hash, request.document_id)
            if self.only_manifest and not self.holds(request.query):
                message = "Only documents of the server's manifest are run: name one by documentId."
                raise CodedError(message, code=Code.DOCUMENT_NOT_TRUSTED)
            return request.query
        if named is None:
            message = "query is missing: send a document, or name one by documentId."
            raise CodedError(message, code=Code.BAD_REQUEST)
        return self._find(named)

    def holds(self, text: str) -> bool:
        """Whether the manifest holds this document."""
        return text in self._texts

    def learn(self, request: GraphQLRequest, document: Document) -> None:
        """Remember a valid document that came with its hash, in whichever of the two ways."""
        named = _hash_of(request) or request.document_id
        if self.only_manifest or not request.query or named is None:
            return
        name = digest(document.text)
        if name not in self._learnt:
            self._learnt[name] = document.text
            self._characters += len(document.text)
        while len(self._learnt) > self._most_learnt or self._characters > self._most_characters:
            _, text = self._learnt.popitem(last=False)
            self._characters -= len(text)

    def _require_same(self, text: str, by_hash: str | None, document_id: str | None) -> None:
        """Refuse a document that comes with the name of another."""
        if by_hash is not None and by_hash != digest(text):
            message = "The hash is not the SHA-256 of the document."
            raise CodedError(message, code=Code.PERSISTED_QUERY_MISMATCH)
        if document_id is None or text == self._manifest.get(document_id):
            return
        if document_id.removeprefix("sha256:").lower() != digest(text):
            message = "documentId names another document than the one sent along: send one of them."
            raise CodedError(message, code=Code.PERSISTED_QUERY_MISMATCH)

    def _find(self, named: str) -> str:
        bare = named.removeprefix("sha256:").lower()
        text = self._manifest.get(named) or self._manifest.get(bare)
        if text is not None:
            return text
        if bare in self._learnt:
            self._learnt.move_to_end(bare)
            return self._learnt[bare]
        if self.only_manifest:
            # Another code than below: who then sent the document would be refused as well.
            message = "The server's manifest holds no such document."
            raise CodedError(message, code=Code.DOCUMENT_NOT_TRUSTED)
        # Clients know this very message, some of them only that, and send the document again.
        raise CodedError("PersistedQueryNotFound", code=Code.PERSISTED_QUERY_NOT_FOUND)


def _parted(node: DocumentNode) -> int:
    """Part the tokens of a document; returns how many they are.

    Each refers to its neighbours: a document that is kept no more would stay until the garbage collector
    looks through what has lived for long, which it hardly ever does.
    """
    count, token = 0, node.loc.start_token if node.loc else None
    while token is not None:
        count, following = count + 1, token.next
        token.prev = token.next = None
        token = following
    return count


def digest(text: str) -> str:
    """SHA-256 in hexadecimal: what names a document."""
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _hash_of(request: GraphQLRequest) -> str | None:
    asked = request.extensions.get("persistedQuery")
    if asked is None:
        return None
    found: object = asked.get("sha256Hash") if isinstance(asked, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]  # JSON
    if not isinstance(found, str):
        raise CodedError("extensions.persistedQuery holds no sha256Hash.", code=Code.BAD_REQUEST)
    return found.lower()
