"""Documents: text in, parsed and validated once, remembered for the next request with the same text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DocumentNode,
    GraphQLError,
    GraphQLSchema,
    GraphQLSyntaxError,
    OperationDefinitionNode,
    parse,
    specified_rules,
    validate,
)

from candlewick.domain.access import ApiKey
from candlewick.graphql.bound import Bindings
from candlewick.graphql.cost import Tariff
from candlewick.graphql.errors import Formatted, fault, introspection_refused, validation_error
from candlewick.graphql.faults import DocumentTooLarge
from candlewick.graphql.lexicon import check_text
from candlewick.graphql.limits import Limits
from candlewick.graphql.parameters import Parameters
from candlewick.graphql.policy import DocumentPolicy, introspects
from candlewick.graphql.recent import Recent
from candlewick.graphql.results.plans import Plans
from candlewick.graphql.shape import check_shape
from candlewick.graphql.trusted import DocumentRefused, TrustedDocuments

_MOST_ERRORS: Final = 20


class OperationNotFound(Exception):
    """The request does not say which operation of the document it means, or none has that name."""

    def __init__(self, name: str | None) -> None:
        wanted = f"There is no operation named {ascii(name)[:70]}." if name else "Say which one with `operationName`."
        super().__init__(f"The document has not exactly one operation to run. {wanted}")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document and what is wrong with it: `errors` are as the client sees them, empty if it may run."""

    document: DocumentNode | None
    errors: Sequence[Formatted] = ()
    plans: Plans = field(default_factory=Plans, compare=False)
    """How its lists are completed, as far as they were."""
    text: str = ""

    def operations(self, name: str | None) -> list[OperationDefinitionNode]:
        """The operations that a request with this name, or without one, may mean."""
        definitions = self.document.definitions if self.document else ()
        operations = [node for node in definitions if isinstance(node, OperationDefinitionNode)]
        return [node for node in operations if not name or (node.name and node.name.value == name)]

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation to run.

        Raises:
            OperationNotFound: none has that name, or no name is given and there are several.
        """
        match self.operations(name):
            case [operation]:
                return operation
            case _:
                raise OperationNotFound(name)


class Documents:
    """The documents of one schema, the most recent of them remembered."""

    def __init__(self, schema: GraphQLSchema, limits: Limits, policy: DocumentPolicy | None = None) -> None:
        self.limits = limits
        self.tariff = Tariff(schema, limits.cost, limits.page_rows)
        self.policy = policy or DocumentPolicy()
        self.trusted = TrustedDocuments(self.policy.folder, only=self.policy.trusted_only)
        self._schema = schema
        self.recent: Recent[Prepared] = Recent(limits.document_bytes)
        self.bindings = Bindings(limits.document_bytes)

    def asked(self, parameters: Parameters, caller: ApiKey | None) -> Prepared:
        """The document that the parameters mean, as far as it is for the caller."""
        try:
            text = self.trusted.text(parameters)
        except DocumentRefused as exc:
            return Prepared(None, [exc.error])
        prepared = self.prepare(text)
        if prepared.errors or prepared.document is None:
            return prepared
        audience = self.policy.introspection
        if not audience.has(caller) and introspects(text, prepared.document):
            return Prepared(None, [introspection_refused(audience)])
        self.trusted.remember(parameters)
        return prepared

    def prepare(self, text: str) -> Prepared:
        """The document of that text: parsed and validated, if the same was not asked for just now."""
        return self.recent.get(text, self._prepare)

    def _prepare(self, text: str) -> Prepared:
        try:
            check_text(text, self.limits)
            document = parse(text, no_location=False)
            check_shape(document, self.limits)
        except GraphQLSyntaxError as error:
            return Prepared(None, [dict(error.formatted) | {"extensions": {"code": "GRAPHQL_PARSE_FAILED"}}])
        except DocumentTooLarge as error:
            return Prepared(None, [fault(error.message, **(error.extensions or {}))])
        errors = [validation_error(error) for error in self._validate(document)]
        return Prepared(document, errors, Plans.of_document(document) if not errors else Plans(), text)

    def _validate(self, document: DocumentNode) -> list[GraphQLError]:
        return validate(
            self._schema, document, specified_rules, _MOST_ERRORS, hide_suggestions=not self.policy.suggestions
        )
