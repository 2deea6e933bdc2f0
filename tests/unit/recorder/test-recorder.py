#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Controllers in many shapes, and what tools/recorder/record.py makes of each of them. Reports as the unit tests in C do."""

import json
import os
import subprocess
import sys
import tempfile

RECORDER = os.path.abspath("tools/recorder/record.py")

E = "from morf.workflow.extract import extract_session, extract_holdout_session, extract_all, fork_features\n"
T = "from morf.workflow.train import train_course, train_session\nfrom morf.workflow.test import test_course\n"
V = "from morf.workflow.evaluate import evaluate_course, evaluate_cv_course\n"
C = "from morf.workflow.cross_validation import create_course_folds, cross_validate_course\n"

# name: (controller, calls as (function, line, other members))
CALLS = {
    "classic": (E + T + V + "\nextract_session()\nextract_holdout_session()\ntrain_session(label_type = 'dropout')\n"
                "test_course(label_type = 'dropout')\nevaluate_course(label_type = 'dropout')",
                [("extract_session", 6, {"labels": False}), ("extract_holdout_session", 7, {"labels": False}),
                 ("train_session", 8, {"label_type": "dropout"}), ("test_course", 9, {"label_type": "dropout"}),
                 ("evaluate_course", 10, {"label_type": "dropout"})]),
    "first_version": ("from morf.morf_api.test import test_course, test_all\ntest_course()\ntest_all()\n", [("test_course", 2, {}), ("test_all", 3, {})]),
    "cross_validation": (E + C + V + "fork_features('week-1')\ncreate_course_folds(label_type='dropout')\n"
                         "cross_validate_course('dropout', k=3)\nevaluate_cv_course('dropout', 3)\n",
                         [("fork_features", 4, {"job_id": "week-1"}), ("create_course_folds", 5, {"label_type": "dropout", "k": 5}),
                          ("cross_validate_course", 6, {"label_type": "dropout", "k": 3}),
                          ("evaluate_cv_course", 7, {"label_type": "dropout", "k": 3})]),
    "no_calls": ("pass\n", []),
    "empty": ("", []),
    "loop": (T + "for l in ['dropout', 'dropout_current_week']:\n    train_course(l)\n",
             [("train_course", 4, {"label_type": "dropout"}), ("train_course", 4, {"label_type": "dropout_current_week"})]),
    "function": (T + "def go(f, **kw):\n    return f('dropout', **kw)\n\ngo(train_course, multithread=False)\n",
                 [("train_course", 4, {"label_type": "dropout"})]),
    "main": (E + "def main():\n    extract_all()\nif __name__ == '__main__':\n    main()\n", [("extract_all", 3, {})]),
    "star": ("from morf.workflow.extract import *\nextract_course(raw_data_dir='morf-data/', multithread=False)\n", [("extract_course", 2, {})]),
    "qualified": ("import morf.workflow.extract\nmorf.workflow.extract.extract_holdout_all()\n", [("extract_holdout_all", 2, {})]),
    "aliased": ("import morf.workflow.extract as x\nx.extract_holdout_course()\n", [("extract_holdout_course", 2, {})]),
    "old_name": ("from morf.morf_api.extract import extract_all\nextract_all()\n", [("extract_all", 2, {})]),
    "labels": (E + "extract_session(labels=True, label_type='labels-train')\n",
               [("extract_session", 2, {"labels": True, "label_type": "labels-train"})]),
    "labels_positional": (E + "extract_session(True)\n", [("extract_session", 2, {"labels": True, "label_type": "labels-train"})]),
    "exit_zero": ("import sys\n" + E + "extract_all()\nsys.exit(0)\n", [("extract_all", 3, {})]),
    "exit_none": ("import sys\n" + E + "extract_all()\nsys.exit()\n", [("extract_all", 3, {})]),
    "argv": ("import sys\nassert len(sys.argv) == 1 and sys.argv[0].endswith('controller.py') and __file__ == sys.argv[0]\n", []),
    "logging": ("import logging\nlogging.basicConfig(filename='/var/log/controller.log', level=logging.DEBUG)\nlogging.info('x')\n", []),
    "prints": ("import sys\nfor i in range(100000):\n    print('x' * 100)\n    sys.stderr.write('y')\nsys.stdout.flush()\n", []),
    "unicode": ("# \u00e9\nprint('\u00e9\u20ac')\n" + E + "extract_all()\n", [("extract_all", 4, {})]),
    "latin1": (b"# -*- coding: latin-1 -*-\n# \xe9\n" + E.encode() + b"extract_all()\n", [("extract_all", 4, {})]),
    "crlf": ((E + "extract_all()\n").replace("\n", "\r\n"), [("extract_all", 2, {})]),
    "config": ("from morf.utils.config import MorfJobConfig, get_config_properties\nc = MorfJobConfig('config.properties')\n"
               "assert c.user_id == 'ada' and c.job_id == 'j1' and get_config_properties()['alpha'] == '0.1'\nc.update_mode('x')\n"
               "assert c.client_args == {'alpha': '0.1'}\n", []),
    "config_parser": ("import configparser\nc = configparser.ConfigParser()\nc.read('config.properties')\nassert c['client']['job_id'] == 'j1'\n", []),
    "alerts": ("from morf.utils.alerts import send_email_alert\nfrom morf.utils import *\nfrom morf.utils.api_utils import *\n"
               "from morf.utils.log import set_logger_handlers\nimport logging\nset_logger_handlers(logging.getLogger(), None).info('x')\n"
               "send_email_alert(None)\n", []),
    "own_files": ("with open('notes.txt', 'w') as f:\n    f.write('x')\nassert open('notes.txt').read() == 'x'\n", []),
    "caught": ("try:\n    open('not-here')\nexcept IOError:\n    pass\n" + E + "extract_all()\n", [("extract_all", 6, {})]),
    "thread": ("import threading\n" + E + "t = threading.Thread(target=extract_all)\nt.start()\nt.join()\nextract_all()\n",
               [("extract_all", 0, {}), ("extract_all", 6, {})]),
    "many_modules": ("import asyncio, json, multiprocessing, platform, random, re, ssl, urllib.request, socket, subprocess, tempfile\n", []),
    "not_imported": (E + "def f():\n    evaluate_course('dropout')\nextract_session()\nf()\n",
                     [("extract_session", 4, {"labels": False}), ("evaluate_course", 3, {"label_type": "dropout"})]),
    "own_function": ("def train_all(x):\n    pass\ntrain_all(7)\n", []),
    "test_without_labels": (T + "from morf.workflow.test import test_all\ntest_all()\ntest_course()\ntest_course('morf-data/')\ntest_course(multithread=False)\n",
                            [("test_all", 4, {}), ("test_course", 5, {}), ("test_course", 6, {}), ("test_course", 7, {})]),
    "bucket": (V + "evaluate_course('dropout', raw_data_dir='morf-data/', proc_data_bucket='b')\n", [("evaluate_course", 2, {"label_type": "dropout"})]),
    "sections": ("from morf.utils.config import get_config_properties as g\nassert g('config.properties', 'args') == {'alpha': '0.1'}\n"
                 "assert g(sections_to_fetch=['client']) == {'user_id': 'ada', 'job_id': 'j1'}\n", []),
    "all_functions": ("from morf.workflow.train import *\nfrom morf.workflow.test import *\nfrom morf.workflow.evaluate import *\n"
                      "from morf.workflow.cross_validation import *\ntrain_all('d')\ntest_all('d')\nevaluate_all()\nevaluate_prule_session()\n"
                      "create_session_folds('d', 2)\ncross_validate_session('d', 2)\n",
                      [("train_all", 5, {"label_type": "d"}), ("test_all", 6, {"label_type": "d"}), ("evaluate_all", 7, {}),
                       ("evaluate_prule_session", 8, {}), ("create_session_folds", 9, {"label_type": "d", "k": 2}),
                       ("cross_validate_session", 10, {"label_type": "d", "k": 2})]),
}

# name: (controller, kind, line, beginning of the sentence)
ERRORS = {
    "python2": ("print 'x'\n", "syntax", 1, "not valid for Python 3"),
    "bad_indent": ("if True:\n    x = 1\n   y = 2\n", "syntax", 3, "not valid for Python 3"),
    "nul": (b"x = 1\n\0\n", None, None, ""),
    "binary": (b"\x7fELF\x02\x01\x01\xff\xfe", None, None, ""),
    "unknown_import": ("\nfrom morf.workflow.test import test_session\n", "unknown-call", 2, "MORF has no such function or module: cannot import name 'test_session'"),
    "unknown_module": ("from morf.workflow.predict import x\n", "unknown-call", 1, "MORF has no such function or module: No module named 'morf.workflow.predict'"),
    "unknown_top": ("import morf.magic\n", "unknown-call", 1, "MORF has no such function or module: No module named 'morf.magic'"),
    "unknown_attribute": ("import morf.workflow.test as t\nt.test_sessions()\n", "unknown-call", 2, "MORF has no such function or module: module 'morf.workflow.test'"),
    "not_imported_unknown": (E + "extract_session()\nevaluate_session('dropout')\n", "exception", 3, "the controller failed: NameError: name 'evaluate_session'"),
    "run_image": ("from morf.utils.job_runner_utils import run_image\nrun_image(None)\n", "process", 2, "run_image: a controller cannot run the image itself"),
    "missing_argument": (T + "train_course()\n", "bad-argument", 3, "train_course() missing 1 required positional argument: 'label_type'"),
    "unknown_keyword": (T + "train_course('dropout', level=2)\n", "bad-argument", 3, "train_course() got an unexpected keyword argument 'level'"),
    "too_many": (E + "extract_all('x')\n", "bad-argument", 2, "extract_all() takes 0 positional arguments"),
    "label_number": (T + "train_course(5)\n", "bad-argument", 3, "train_course: label_type must be a text, not int"),
    "label_none": (T + "train_course(None)\n", "bad-argument", 3, "train_course: label_type must be a text, not NoneType"),
    "label_list": (T + "train_course(['dropout'])\n", "bad-argument", 3, "train_course: label_type must be a text, not list"),
    "label_long": (T + "train_course('d' * 257)\n", "bad-argument", 3, "train_course: label_type is too long"),
    "label_newline": (T + "train_course('d\\n')\n", "bad-argument", 3, "train_course: label_type is too long or has characters"),
    "k_text": (C + "create_course_folds('dropout', '5')\n", "bad-argument", 2, "create_course_folds: k must be a whole number, not str"),
    "k_float": (C + "create_course_folds('dropout', 2.5)\n", "bad-argument", 2, "create_course_folds: k must be a whole number, not float"),
    "k_bool": (C + "create_course_folds('dropout', True)\n", "bad-argument", 2, "create_course_folds: k must be a whole number, not bool"),
    "k_zero": (C + "create_course_folds('dropout', 0)\n", "bad-argument", 2, "create_course_folds: k is out of range"),
    "k_huge": (C + "create_course_folds('dropout', 10 ** 30)\n", "bad-argument", 2, "create_course_folds: k is out of range"),
    "labels_text": (E + "extract_session('yes')\n", "bad-argument", 2, "extract_session: labels must be True or False, not str"),
    "job_number": (E + "fork_features(7)\n", "bad-argument", 2, "fork_features: job_id_to_fork must be a text, not int"),
    "columns": (V + "evaluate_course('dropout', pred_cols=['p'])\n", "bad-argument", 2, "evaluate_course: pred_cols can only be ('prob', 'pred') here"),
    "subprocess": ("import subprocess\nsubprocess.call(['true'])\n", "process", 2, "a controller cannot start other programs here"),
    "system": ("import os\n\nos.system('true')\n", "process", 3, "a controller cannot start other programs here"),
    "pool": ("from multiprocessing import Pool\nPool(2)\n", "process", 2, "a controller cannot start other programs here"),
    "hidden": ("import os\ntry:\n    os.system('true')\nexcept Exception:\n    pass\n", "process", 3, "a controller cannot start other programs here"),
    "bare_except": ("import os\ntry:\n    os.system('true')\nexcept:\n    pass\n", "process", 3, "a controller cannot start other programs here"),
    "socket": ("import socket\ns = socket.socket()\n", "network", 2, "there is no network for a controller here"),
    "url": ("import urllib.request\nurllib.request.urlopen('http://example.org/')\n", "network", 2, "there is no network for a controller here"),
    "submit": ("from morf.utils.submit import easy_submit\neasy_submit('https://example.org/client.config', 'a@example.org')\n", "network", 2,
               "a controller cannot submit jobs"),
    "write": ("\nopen('/etc/cron.d/x', 'w')\n", "file", 2, "a controller cannot write the file '/etc/cron.d/x' here"),
    "append": ("open('../x', 'a')\n", "file", 1, "a controller cannot write the file '../x' here"),
    "os_open": ("import os\nos.open('/var/x', os.O_CREAT | os.O_WRONLY)\n", "file", 2, "a controller cannot write the file '/var/x' here"),
    "read_missing": ("f = open('data.csv')\n", "file", 1, "a file that the controller wants is not here or cannot be used: [Errno 2]"),
    "module_missing": ("import no_such_module_at_all\n", "import", 1, "a module that the controller wants is not in the image: No module named"),
    "raises": ("def f():\n    raise ValueError('bad\\nvalue \u00e9')\nf()\n", "exception", 2, "the controller failed: ValueError: bad?value ?"),
    "long_error": ("raise ValueError('x' * 100000)\n", "exception", 1, "the controller failed: ValueError: xxxx"),
    "recursion": ("def f():\n    f()\nf()\n", "exception", 2, "the controller failed: RecursionError"),
    "exit_status": ("import sys\nsys.exit(3)\n", "exit", 2, "the controller ended with status 3"),
    "exit_text": ("import sys\nsys.exit('bye')\n", "exit", 2, "the controller ended with status bye"),
    "os_exit": ("import os\nos._exit(0)\n", "exit", 2, "the controller ended the program"),
    "killed": ("import os\nos.kill(os.getpid(), 9)\n", "crash", 0, "the controller did not come to its end"),
    "endless": ("x = 0\nwhile True:\n    x += 1\n", "time", None, "the controller did not end in time"),
    "endless_calls": (E + "while True:\n    extract_all()\n", "too-many-calls", 3, "a controller may make 256 calls"),
    "error_after_calls": (E + "extract_all()\n1 / 0\n", "exception", 3, "the controller failed: ZeroDivisionError"),
    "keyboard": ("raise KeyboardInterrupt()\n", "exception", 1, "the controller failed: KeyboardInterrupt"),
    "bad_str": ("class X(Exception):\n    def __str__(self):\n        raise ValueError()\nraise X()\n", "exception", 4, "the controller failed"),
}


def run(controller):
    with tempfile.TemporaryDirectory() as work:
        path, output = os.path.join(work, "controller.py"), os.path.join(work, "output")
        os.mkdir(output)
        with open(path, "wb") as f:
            f.write(controller if isinstance(controller, bytes) else controller.encode("utf-8"))
        p = subprocess.run([sys.executable, "-B", RECORDER, "--user", "ada", "--job", "j1", "--arg", "alpha=0.1", "--seconds", "3", path, output],
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        assert len(p.stdout) < 100000 and len(p.stderr) < 100000, "too much output"
        assert os.listdir(output) == ["calls.json"], os.listdir(output)
        with open(os.path.join(output, "calls.json"), "rb") as f:
            return p.returncode, json.loads(f.read().decode("ascii"))


def check_calls(controller, expected):
    status, result = run(controller)
    assert status == 0, status
    want = [dict(more, function=function, line=line) for function, line, more in expected]
    assert result == {"version": 1, "calls": want}, result


def check_error(controller, kind, line, text):
    status, result = run(controller)
    assert status == (-9 if kind == "crash" else 0), status
    error = result["error"]
    assert set(result) == {"version", "error"} and set(error) == {"kind", "text", "line"}, result
    assert kind is None or error["kind"] == kind, result
    assert line is None or error["line"] == line, result
    assert error["text"].startswith(text), result
    assert len(error["text"]) <= 400 and all(" " <= c <= "~" for c in error["text"]), result


def main():
    failed = 0
    cases = [(name, check_calls, case) for name, case in sorted(CALLS.items())] + [(name, check_error, case) for name, case in sorted(ERRORS.items())]
    for name, check, case in cases:
        try:
            check(*case)
            print("[       OK ] " + name)
        except Exception as error:  # pylint: disable=broad-except
            failed += 1
            print("{}: {!r}".format(name, error))
            print("[  FAILED  ] " + name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
