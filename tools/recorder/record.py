# SPDX-License-Identifier: MIT
"""Runs a controller of MORF 2.0 and records what it calls.

    python3 record.py [--user NAME] [--job NAME] [--arg NAME=VALUE]... [--seconds N] CONTROLLER OUTPUT

OUTPUT is a directory, in which calls.json is written: the calls, or an error that names the controller's line. The exit status is 0
in both cases. Nothing of the package `morf` beside this file does more than record.

The container around this program is what confines a controller. What is refused here (processes, connections, files) is refused
to say so in a sentence and with a line, not for safety. This must run on Python 3.5 and later, and on nothing but its standard library.
"""

import argparse
import builtins
import io
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[0:1] = [HERE]

from morf import _recording as recording  # noqa: E402

OUTPUT_MAX = 64 * 1024


class Bounded(io.TextIOBase):
    """A stream that keeps the first bytes and drops the rest, whatever a controller prints."""

    def __init__(self, stream, left):
        super().__init__()
        self.stream = stream
        self.left = left

    def writable(self):
        return True

    def write(self, text):
        text = str(text)
        if self.left > 0:
            part = text[:self.left]
            self.left -= len(part)
            try:
                self.stream.write(part.encode("ascii", "backslashreplace").decode("ascii"))
                self.stream.flush()
            except (OSError, ValueError):
                self.left = 0
        return len(text)

    def flush(self):
        pass


def refuse_processes():
    def refused(*unused_args, **unused_kwargs):
        recording.refuse("process", "a controller cannot start other programs here")

    class Popen(subprocess.Popen):
        def __init__(self, *unused_args, **unused_kwargs):
            refused()

        def __del__(self, *unused_args, **unused_kwargs):
            pass

    subprocess.Popen = Popen
    for name in dir(os):
        if name in ("system", "popen", "fork", "forkpty", "posix_spawn", "posix_spawnp") or name.startswith(("exec", "spawn")):
            setattr(os, name, refused)


def refuse_connections():
    def refused(*unused_args, **unused_kwargs):
        recording.refuse("network", "there is no network for a controller here")

    class Socket(socket.socket):
        def __init__(self, *unused_args, **unused_kwargs):
            refused()

        def __del__(self):
            pass

    socket.socket = Socket
    for name in ("create_connection", "getaddrinfo", "gethostbyname", "gethostbyaddr", "socketpair", "create_server"):
        if hasattr(socket, name):
            setattr(socket, name, refused)


def refuse_files(work):
    """Files are read where they are, and written in the working directory only; logs that a controller keeps are nobody's."""
    builtin_open = builtins.open
    os_open = os.open
    inside = os.path.realpath(work) + os.sep

    def check(path):
        if isinstance(path, int):
            return
        real = os.path.realpath(os.fsdecode(path))
        if real != os.devnull and not real.startswith(inside):
            recording.refuse("file", "a controller cannot write the file '{}' here".format(os.fsdecode(path)))

    def checked_open(file, mode="r", *args, **kwargs):
        if isinstance(mode, str) and set(mode) & set("wax+"):
            check(file)
        return builtin_open(file, mode, *args, **kwargs)

    def checked_os_open(path, flags, *args, **kwargs):
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
            check(path)
        return os_open(path, flags, *args, **kwargs)

    builtins.open = io.open = checked_open
    os.open = checked_os_open

    def open_nothing(handler):
        return builtin_open(os.devnull, "a", encoding=handler.encoding)

    logging.FileHandler._open = open_nothing


def refuse_exits():
    def refused(*unused_args):
        recording.refuse("exit", "the controller ended the program")

    os._exit = refused
    os.abort = refused


def classify(error):
    """The kind and the sentence for what ended a controller."""
    name = type(error).__name__
    text = str(error).split(" (/")[0]  # without the place of this package
    what = "{}: {}".format(name, text) if text else name
    if isinstance(error, SyntaxError):
        return "syntax", "not valid for Python {}.{}: {}".format(sys.version_info[0], sys.version_info[1], error.msg)
    if isinstance(error, ImportError):
        missing = getattr(error, "name", None) or ""
        if (missing.split(".")[0] or text).startswith("morf") or "from 'morf" in text or recording.imports_morf():
            return "unknown-call", "MORF has no such function or module: {}".format(text)
        return "import", "a module that the controller wants is not in the image: {}".format(text)
    if isinstance(error, AttributeError) and "'morf" in text:
        return "unknown-call", "MORF has no such function or module: {}".format(text)
    if isinstance(error, TypeError) and text.split("(")[0].split(".")[-1] in recording.FUNCTIONS:
        return "bad-argument", text
    if isinstance(error, SystemExit):
        return "exit", "the controller ended with status {}".format(error.code)
    if isinstance(error, OSError) and error.filename is not None:
        return "file", "a file that the controller wants is not here or cannot be used: {}".format(text)
    return "exception", "the controller failed: {}".format(what)


def line_of(error, controller):
    if isinstance(error, SyntaxError) and error.filename == controller:
        return error.lineno or 0
    line = 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == controller:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def run(controller):
    """Runs the controller as a program would be run. Errors end up in the recording."""
    try:
        with io.open(controller, "rb") as f:
            code = compile(f.read(), controller, "exec", dont_inherit=True)
        exec(code, recording.main_namespace(controller))
    except recording.Refused:
        pass
    except BaseException as error:  # pylint: disable=broad-except
        if isinstance(error, SystemExit) and error.code in (None, 0, False):
            return
        line = line_of(error, controller)
        recording.state.at_line = line
        try:
            kind, text = classify(error)
        except Exception:  # pylint: disable=broad-except
            # An exception of its own making that cannot be shown.
            kind, text = "exception", "the controller failed: {}".format(type(error).__name__)
        recording.fail(kind, text, line)


def write(output):
    temporary = os.path.join(output, ".calls.json.tmp")
    descriptor = recording.real_os_open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    try:
        data = json.dumps(recording.result(), ensure_ascii=True).encode("ascii")
        while data:
            data = data[os.write(descriptor, data):]
    finally:
        os.close(descriptor)
    os.rename(temporary, os.path.join(output, "calls.json"))


def on_alarm(unused_signal, frame):
    recording.fail("time", "the controller did not end in time", recording.line_from(frame))
    raise recording.Refused()


def parse_argv():
    parser = argparse.ArgumentParser(description="Runs a controller and records what it calls.")
    parser.add_argument("--user", default="user")
    parser.add_argument("--job", default="job")
    parser.add_argument("--arg", action="append", default=[])
    parser.add_argument("--seconds", type=int, default=45)
    parser.add_argument("controller")
    parser.add_argument("output")
    return parser.parse_args()


def working_directory(args):
    """A directory with the config.properties that a controller found beside itself."""
    client = [("user_id", args.user), ("job_id", args.job)]
    client_args = [tuple(a.partition("=")[::2]) for a in args.arg]
    recording.state.config = {"client": client, "args": client_args}
    try:
        work = tempfile.mkdtemp(prefix="morf-")
    except OSError:
        return os.getcwd()
    with io.open(os.path.join(work, "config.properties"), "w", encoding="utf-8") as f:
        for section in ("client", "args"):
            f.write(u"[{}]\n".format(section))
            for key, value in recording.state.config[section]:
                f.write(u"{}={}\n".format(key, value))
    os.chdir(work)
    return work


def main():
    args = parse_argv()
    controller = os.path.abspath(args.controller)
    output = os.path.abspath(args.output)
    recording.state.controller = controller
    # What is found when Python itself is brought down.
    recording.fail("crash", "the controller did not come to its end", 0)
    write(output)
    recording.state.error = None

    work = working_directory(args)
    sys.argv = [controller]
    sys.path.insert(1, os.path.dirname(controller))
    sys.stdout = Bounded(sys.stdout, OUTPUT_MAX)
    sys.stderr = Bounded(sys.stderr, OUTPUT_MAX)
    refuse_processes()
    refuse_connections()
    refuse_files(work)
    refuse_exits()
    signal.signal(signal.SIGALRM, on_alarm)
    signal.alarm(args.seconds)
    try:
        run(controller)
        signal.alarm(0)
    except recording.Refused:  # the alarm, while an error was looked at
        pass
    write(output)
    # Threads and exit handlers of the controller are not waited for.
    recording.real_exit(0)


if __name__ == "__main__":
    main()
