# SPDX-License-Identifier: MIT
"""A MariaDB server of the job's own, inside its container, and the dumps of one session in it at a time."""

import glob
import gzip
import os
import shutil
import subprocess
import time

import pymysql

SOCKET = "/run/mysqld/mysqld.sock"
START_SECONDS = 60

# Times in the dumps are seconds; in the click log they are milliseconds.
QUERIES = {
    "quizzes": """SELECT session_user_id, submission_time FROM quiz_submission_metadata
                  WHERE submission_time >= %(start)s AND submission_time < %(end)s""",
    "posts": """SELECT session_user_id, post_time FROM hash_mapping JOIN
                (SELECT user_id, post_time FROM forum_posts WHERE deleted = 0 AND is_spam = 0
                 UNION ALL SELECT user_id, post_time FROM forum_comments WHERE deleted = 0 AND is_spam = 0) AS written
                USING (user_id) WHERE post_time >= %(start)s AND post_time < %(end)s""",
    "views": """SELECT session_user_id, timestamp FROM hash_mapping JOIN activity_log USING (user_id)
                WHERE action = 'view.thread' AND timestamp >= %(start)s AND timestamp < %(end)s""",
}


class Server:
    """Use it in a `with`. The data directory is that of the image: nothing of it outlives the container."""

    def __enter__(self):
        # Started as root, it becomes the user mysql. A crash ends the job, so that nothing need be safe on disk.
        self.process = subprocess.Popen(["mariadbd", "--user=mysql", "--skip-networking", f"--socket={SOCKET}",
                                         "--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite"])
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.connect().close()
                return self
            except pymysql.err.OperationalError:
                if self.process.poll() is not None:
                    raise RuntimeError(f"mariadbd ended with status {self.process.returncode}") from None
                if time.monotonic() > deadline:
                    self.process.kill()
                    raise
                time.sleep(0.1)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def connect(self, database=None):
        return pymysql.connect(unix_socket=SOCKET, user="root", database=database, charset="utf8mb4")

    def load(self, directory):
        return Session(self, directory)


class Session:
    """A database with the dumps of one session, dropped at the end of the `with`."""

    def __init__(self, server, directory):
        self.server = server
        self.directory = directory

    def __enter__(self):
        connection = self.server.connect()
        connection.cursor().execute("CREATE DATABASE session")
        connection.close()
        # The names have spaces and parentheses: as an argument of open() they need no quoting.
        for path in sorted(glob.glob(os.path.join(glob.escape(self.directory), "*.sql.gz"))):
            client = subprocess.Popen(["mariadb", "--user=root", f"--socket={SOCKET}", "session"], stdin=subprocess.PIPE)
            with gzip.open(path, "rb") as dump, client.stdin:
                shutil.copyfileobj(dump, client.stdin)
            if client.wait() != 0:
                raise RuntimeError(f"cannot import {os.path.basename(path)}")
        self.connection = self.server.connect("session")
        return self

    def __exit__(self, *_):
        self.connection.cursor().execute("DROP DATABASE session")
        self.connection.close()

    def events(self, start, end):
        """Yields (kind, user, time)."""
        for kind, query in QUERIES.items():
            with self.connection.cursor() as cursor:
                cursor.execute(query, {"start": start, "end": end})
                for user, when in cursor:
                    yield kind, user, when
