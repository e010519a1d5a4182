"""Ports of this machine's loopback, asked for by binding, as a server will.

    ports.py refuse PORT       fails with the reason if PORT cannot be bound
    ports.py choose N FROM M   prints N free ports, none of them one of the M from FROM on
"""

import socket
import sys


def refuse(port):
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
            listener.listen(1)
        except OSError as error:
            sys.exit(error.strerror.lower())


def choose(count, first, reserved):
    # Held together while they are chosen, so that they differ.
    held = []
    while len(held) < count:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        if listener.getsockname()[1] not in range(first, first + reserved):
            held.append(listener)
    print(*(listener.getsockname()[1] for listener in held))


if __name__ == "__main__":
    {"refuse": refuse, "choose": choose}[sys.argv[1]](*map(int, sys.argv[2:]))
