"""An ASGI application that gives the document's own example answers, and a real socket to serve any application on."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvicorn

from tests.support.contract import Contract
from tests.support.contract_examples import ExampleAnswer, example_answers

if TYPE_CHECKING:
    from collections.abc import Iterator

_START_SECONDS = 10


class ExampleServer:
    """
    Knows nothing and keeps nothing: each operation gets its first documented success.

    ``answers`` holds the answer by operation id; a test puts a wrong one there.
    """

    def __init__(self) -> None:
        self.answers: dict[str, ExampleAnswer] = {}
        for answer in example_answers():
            if answer.status < 300:
                self.answers.setdefault(answer.operation.id, answer)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive()).get("more_body", False):
            pass
        operation = Contract.load().operation(scope["method"], scope["raw_path"].decode("latin-1"))
        status, headers, body = 404, [("Content-Type", "application/json")], b'{"message": "No such path"}'
        if operation is not None:
            answer = self.answers[operation.id]
            status, headers, body = answer.status, answer.headers, answer.body
        raw = [(name.encode(), value.encode()) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": raw})
        await send({"type": "http.response.body", "body": body})


@contextmanager
def serve(app: Any) -> Iterator[str]:
    """
    Serve an ASGI application from a thread for the time of the block.

    :param app: the application.
    :return: its base URL, on a free loopback port.
    :raises RuntimeError: if it is not up within ten seconds.
    """
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + _START_SECONDS
    while not server.started:
        if time.monotonic() > deadline or not thread.is_alive():
            raise RuntimeError("the test's server did not start")
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
