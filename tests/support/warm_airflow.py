"""
An `airflow` command that starts in a moment: it is forked from a process that has imported Airflow already.

An `airflow` command spends four to six seconds of processor time on imports, and the docs have dozens of them. A
process imports Airflow once (`serve`), and forks for each command; the fork has the arguments, the environment, the
folder and the terminal of the command that asks for it, and runs Airflow's own `main()`. `start` puts a program called
`airflow` that asks it into a folder, for a PATH.
"""

from __future__ import annotations

import array
import contextlib
import json
import os
import socket
import subprocess
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CLIENT = """\
#!{python} -IS
import array, json, os, socket, sys
with socket.socket(socket.AF_UNIX) as server:
    server.connect({address!r})
    asked = json.dumps([sys.argv[1:], os.getcwd(), dict(os.environ)]).encode()
    fds = array.array("i", [0, 1, 2])
    server.sendmsg([len(asked).to_bytes(4, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)])
    server.sendall(asked)
    sys.exit(int(server.recv(4) or b"70"))
"""


@contextlib.contextmanager
def start(folder: Path, env: Mapping[str, str]) -> Iterator[Path]:
    """
    Give a folder with a program `airflow`.

    :param folder: an empty folder; its path must be short enough for a socket (about 90 characters).
    :param env: environment to import Airflow with; that of a command counts for whatever is read later.
    """
    address = str(folder / "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(address)
        listener.listen()
        command = [sys.executable, "-m", "tests.support.warm_airflow"]
        with subprocess.Popen(command, env=env, stdin=listener, cwd=Path(__file__).parents[2]) as server:
            program = folder / "airflow"
            program.write_text(_CLIENT.format(python=sys.executable, address=address), encoding="utf-8")
            program.chmod(0o755)
            try:
                yield folder
            finally:
                server.terminate()


def serve(listener: socket.socket) -> None:
    """Fork for each command that asks, one after the other, and answer with its exit code."""
    from airflow.__main__ import main

    while True:
        with listener.accept()[0] as client:
            (arguments, folder, env), fds = _asked(client)
            if (child := os.fork()) == 0:
                _become(folder, env, fds)
                _run(main, arguments)
            for fd in fds:
                os.close(fd)
            client.sendall(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def _asked(client: socket.socket) -> tuple[Any, list[int]]:
    fds = array.array("i")
    size, ancillary, *_ = client.recvmsg(4, socket.CMSG_SPACE(3 * fds.itemsize))
    fds.frombytes(ancillary[0][2])
    with client.makefile("rb") as rest:
        return json.loads(rest.read(int.from_bytes(size, "big"))), list(fds)


def _become(folder: str, env: dict[str, str], fds: list[int]) -> None:
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)


def _run(main: Any, arguments: list[str]) -> None:
    code: Any = 0
    sys.argv[:] = ["airflow", *arguments]
    try:
        main()
    except SystemExit as error:
        code = error.code
        if isinstance(code, str):
            print(code, file=sys.stderr)  # noqa: T201
    except BaseException:
        traceback.print_exc()
        code = 1
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


if __name__ == "__main__":
    serve(socket.socket(fileno=os.dup(0)))
