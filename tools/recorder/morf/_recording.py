# SPDX-License-Identifier: MIT
"""What was recorded, and how the functions of this package record it."""

import builtins
import linecache
import operator
import os
import sys
import types

CALLS_MAX = 256
TEXT_MAX = 256
ERROR_TEXT_MAX = 400
K_MAX = 2 ** 31

real_os_open = os.open
real_exit = os._exit

FUNCTIONS = (
    "extract_all", "extract_course", "extract_session", "extract_holdout_all", "extract_holdout_course", "extract_holdout_session",
    "train_all", "train_course", "train_session", "test_all", "test_course", "create_course_folds", "create_session_folds",
    "cross_validate_course", "cross_validate_session", "fork_features", "evaluate_all", "evaluate_course", "evaluate_cv_course",
    "evaluate_prule_session",
)


class Refused(BaseException):
    """Ends a controller whose error is recorded. Not an Exception, so that it is not taken for one of the controller's own."""


class State(object):
    def __init__(self):
        self.controller = None
        self.calls = []
        self.error = None
        self.at_line = 0
        self.config = {"client": [], "args": []}


state = State()


def printable(text, size):
    text = "".join(c if " " <= c <= "~" else "?" for c in str(text))
    return text if len(text) <= size else text[:size - 3] + "..."


def line_from(frame):
    """The line of the controller's own file that is nearest to frame, or 0."""
    while frame is not None:
        if frame.f_code.co_filename == state.controller:
            return frame.f_lineno
        frame = frame.f_back
    return 0


def is_importing(frame):
    """Whether an import stands between frame and the controller: what a library tries while it is loaded is its own affair."""
    while frame is not None and frame.f_code.co_filename != state.controller:
        if "importlib" in frame.f_code.co_filename:
            return True
        frame = frame.f_back
    return False


def imports_morf():
    """Whether the line at which a controller failed names this package."""
    words = linecache.getline(state.controller or "", state.at_line).split()
    return len(words) > 1 and words[0] in ("from", "import") and words[1].split(".")[0] == "morf"


def fail(kind, text, line):
    """Records an error; the first one stays."""
    if state.error is None:
        state.error = {"kind": kind, "text": printable(text, ERROR_TEXT_MAX), "line": max(0, int(line))}


def refuse(kind, text):
    frame = sys._getframe(1)
    if is_importing(frame):
        raise PermissionError(text)
    fail(kind, text, line_from(frame))
    raise Refused()


def bad_argument(function, text):
    fail("bad-argument", "{}: {}".format(function, text), line_from(sys._getframe(1)))
    raise Refused()


def text_of(function, name, value):
    if not isinstance(value, str):
        bad_argument(function, "{} must be a text, not {}".format(name, type(value).__name__))
    if len(value) > TEXT_MAX or printable(value, TEXT_MAX) != value:
        bad_argument(function, "{} is too long or has characters that are not allowed".format(name))
    return value


def number_of(function, name, value):
    try:
        if isinstance(value, bool):
            raise TypeError()
        value = operator.index(value)
    except TypeError:
        bad_argument(function, "{} must be a whole number, not {}".format(name, type(value).__name__))
    if not 1 <= value < K_MAX:
        bad_argument(function, "{} is out of range".format(name))
    return value


def record(function, label_type=None, k=None, labels=None, job_id=None):
    """Appends a call. Arguments that are None were not given and have no default."""
    call = {"function": function, "line": line_from(sys._getframe(1))}
    if label_type is not None:
        call["label_type"] = text_of(function, "label_type", label_type)
    if k is not None:
        call["k"] = number_of(function, "k", k)
    if labels is not None:
        if not isinstance(labels, (bool, int)):
            bad_argument(function, "labels must be True or False, not {}".format(type(labels).__name__))
        call["labels"] = bool(labels)
    if job_id is not None:
        call["job_id"] = text_of(function, "job_id_to_fork", job_id)
    if len(state.calls) >= CALLS_MAX:
        fail("too-many-calls", "a controller may make {} calls".format(CALLS_MAX), call["line"])
        raise Refused()
    state.calls.append(call)


def required(function, name, value):
    """An argument without default, given as None all the same."""
    if value is None:
        bad_argument(function, "{} must be a text, not NoneType".format(name))
    return value


def only(function, **given):
    """Arguments that name columns and files, for which the platform knows one value: name=(value, value that is known)."""
    for name in sorted(given):
        value, known = given[name]
        if isinstance(value, list):
            value = tuple(value)
        if value != known:
            bad_argument(function, "{} can only be {!r} here".format(name, known))


def result():
    if state.error is not None:
        return {"version": 1, "error": state.error}
    return {"version": 1, "calls": state.calls}


def known_names():
    """
    The functions of MORF by their names. A published controller calls one that it does not import; what it means is clear, and where it
    ran at first nobody looked at how it ended.
    """
    from morf.workflow import cross_validation, evaluate, extract, test, train

    names = {}
    for module in (cross_validation, evaluate, extract, test, train):
        names.update((name, getattr(module, name)) for name in FUNCTIONS if hasattr(module, name))
    return names


def main_namespace(controller):
    """The namespace of a program, also under its name in sys.modules. Names that it has not itself are looked up in the functions of MORF."""
    module = types.ModuleType("__main__")
    module.__file__ = controller
    module.__builtins__ = dict(builtins.__dict__, **known_names())
    sys.modules["__main__"] = module
    return module.__dict__
