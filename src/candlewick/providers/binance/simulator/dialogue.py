"""What Binance says on a socket: subscriptions, and whether messages name their stream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from candlewick.providers.binance.simulator.parcels import Form
from candlewick.providers.binance.simulator.subscriptions import InvalidMessage, Message, Method, read_message
from candlewick.providers.simulation.sockets import Subscriber


@dataclass(slots=True)
class BinanceDialogue:
    """See `Dialogue`."""

    form: Form
    named: Sequence[str]
    """The streams that the socket's address names."""

    async def begin(self, subscriber: Subscriber) -> Sequence[str]:
        subscriber.subscribe(self.named)
        return []

    async def answer(self, subscriber: Subscriber, text: str) -> Sequence[str]:
        try:
            return [self._answer(subscriber, read_message(text))]
        except InvalidMessage as exc:
            return [exc.answer()]

    def _answer(self, subscriber: Subscriber, message: Message) -> str:
        match message.method:
            case Method.SUBSCRIBE:
                subscriber.subscribe(message.parameters)
            case Method.UNSUBSCRIBE:
                subscriber.unsubscribe(message.parameters)
            case Method.LIST_SUBSCRIPTIONS:
                return message.answer(list(subscriber.streams))
            case Method.SET_PROPERTY:
                self.form = replace(self.form, is_combined=message.parameters[1])
            case Method.GET_PROPERTY:
                return message.answer(self.form.is_combined)
        return message.answer(None)
