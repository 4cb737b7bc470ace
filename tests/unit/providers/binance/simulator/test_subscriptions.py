"""Messages over a socket: which are requests, and Binance's words for those that are none."""

from __future__ import annotations

import pytest

from candlewick.providers.binance.simulator.subscriptions import InvalidMessage, Method, read_message


@pytest.mark.parametrize("identity", ["1", '"abc1"', "null", "-7"])
def test_a_request_is_read(identity: str) -> None:
    message = read_message(f'{{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":{identity}}}')

    assert (message.method, message.parameters) == (Method.SUBSCRIBE, ["btcusdt@trade"])
    assert message.answer(None) == f'{{"result":null,"id":{identity}}}'


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("nonsense", 3, "Invalid JSON: expected value at line 1 column 1"),
        ("[]", 2, "missing field `method`"),
        ('{"id":1}', 2, "missing field `method`"),
        ('{"method":"FLY","id":1}', 2, "unknown variant `FLY`, expected one of `SUBSCRIBE`"),
        ('{"method":["SUBSCRIBE"],"id":1}', 2, "unknown variant"),
        ('{"method":"SUBSCRIBE","params":[]}', 2, "request ID must be an unsigned integer"),
        ('{"method":"SUBSCRIBE","params":[],"id":1.5}', 2, "request ID must be an unsigned integer"),
        ('{"method":"SUBSCRIBE","params":[1],"id":1}', 2, "stream names must be strings"),
        ('{"method":"SUBSCRIBE","params":"btcusdt@trade","id":1}', 2, "stream names must be strings"),
        ('{"method":"LIST_SUBSCRIPTIONS","params":["x"],"id":1}', 2, "too many parameters"),
        ('{"method":"SET_PROPERTY","params":["colour",true],"id":1}', 0, "Unknown property"),
        ('{"method":"SET_PROPERTY","params":["combined",1],"id":1}', 1, "Invalid value type: expected Boolean"),
        ('{"method":"GET_PROPERTY","params":[5],"id":1}', 2, "property name must be a string"),
        ('{"method":"GET_PROPERTY","params":["combined",1],"id":1}', 2, "too many parameters"),
    ],
)
def test_what_is_no_request_is_answered_with_an_error(text: str, code: int, said: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        read_message(text)

    assert caught.value.code == code
    assert said in caught.value.answer()
