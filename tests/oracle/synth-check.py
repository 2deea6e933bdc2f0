#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Checks a repository that morf-synth wrote, sharing nothing with it: every file is parsed back from its bytes.

Usage: synth-check.py DIR [--mysql-socket S] [--mysql-user U]

With a socket, every dump is also loaded into a server (one database a session, made and dropped) by the `mysql` client and
counted there. Prints one line for each check and session; exit status 1 when any failed. Only the standard library is used.
"""
import argparse, bisect, collections, csv, datetime, gzip, json, math, os, re, subprocess, sys
SHORT = {"i": "int(11)", "t": "tinyint(4)", "t1": "tinyint(1)", "f": "float", "x": "text", "X": "longtext", "bigint": "bigint(20)"}
CLICK_KEYS = "key value username timestamp page_url client session language from user_ip user_agent 12 13 14 30".split()
TOKEN = re.compile(r"'((?:[^'\\]|\\.)*)'|([^',()]+)|(\),\()|([,()])", re.S)
UNESCAPE = {"n": "\n", "r": "\r", "0": "\0", "Z": "\x1a", "t": "\t", "b": "\b"}
WEEK = 7 * 86400
failures = 0


def check(ok, what, detail=""):
    global failures
    failures += not ok
    print(f"{'ok' if ok else 'FAILED'}: {what}{f' ({detail})' if detail != '' else ''}")


def expected_schema():
    """Return {table: (charset, columns)} as synth-schema.txt has them."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "synth-schema.txt")) as f:
        lines = [line.strip() for line in f if not line.startswith("#")]
    tables = {}
    for line in lines:
        head, body = line.split(": ", 1)
        columns = []
        for part in body.split(", "):
            name, kind = part.split(" ", 1)
            kind, _, default = kind.partition("=")
            nullable = kind.endswith("?")
            kind = kind.rstrip("?")
            if kind == "*":
                columns.append((name, "int(11)", False, None, True))
                continue
            kind = "enum" if kind == "e" else f"varchar({kind[1:]})" if re.fullmatch(r"v\d+", kind) else SHORT.get(kind, kind)
            columns.append((name, kind, nullable, default or None, False))
        tables[head[:-3]] = ({"u": "utf8mb4", "l": "latin1"}[head[-2]], columns)
    return tables


def parse_create(text):
    columns = []
    for m in re.finditer(r"^  `(\w+)` (.*?),?$", text, re.M):
        spec = m[2].replace(" CHARACTER SET utf8 COLLATE utf8_bin", "")
        kind = re.match(r"enum|[a-z]+(\(\d+\))?( unsigned)?", spec)[0]
        default = re.search(r"DEFAULT '([^']*)'", spec)
        columns.append((m[1], kind, "NOT NULL" not in spec, default and default[1], "AUTO_INCREMENT" in spec))
    return re.search(r"CHARSET=(\w+);$", text)[1], columns


def parse_rows(line):
    rows, row = [], []
    body = line[line.index(" VALUES (") + 9:-2]
    for m in TOKEN.finditer(body):
        if m[3]:
            rows.append(row)
            row = []
        elif m[1] is not None:
            row.append(re.sub(r"\\(.)", lambda k: UNESCAPE.get(k[1], k[1]), m[1], flags=re.S) if "\\" in m[1] else m[1])
        elif m[2]:
            row.append(None if m[2] == "NULL" else float(m[2]) if "." in m[2] else int(m[2]))
    return rows + [row]


def read_dump(path, problems):
    """Return {table: (charset, columns, rows)}; departures from the shape that text parsers need go to problems."""
    tables, name, create, inserts = {}, None, None, collections.Counter()
    with gzip.open(path) as f:
        data = f.read().decode("utf-8")
    if "SQL_MODE='NO_AUTO_VALUE_ON_ZERO'" not in data or "-- Dump completed on " not in data:
        problems.append("header or footer")
    dropped, unlocked = set(re.findall(r"^DROP TABLE IF EXISTS `(.*)`;$", data, re.M)), data.count("\nUNLOCK TABLES;\n")
    for line in data.split("\n"):
        if line.startswith("CREATE TABLE `"):
            name, create = line.split("`")[1], []
        if create is not None:
            create.append(line)
            if line.startswith(") ENGINE=InnoDB"):
                tables[name] = (*parse_create("\n".join(create)), [])
                create = None
        elif line.startswith("INSERT INTO"):
            inserts[name] += 1
            if not line.startswith(f"INSERT INTO `{name}` VALUES (") or not line.endswith(");"):
                problems.append(f"INSERT of {name}")
            if name in ("course_grades", "lecture_submission_metadata") and ";" in line[:-1]:
                problems.append(f"';' in {name}")
            if re.search(r"\),\(", re.sub(r"'(?:[^'\\]|\\.)*'", lambda m: "'),('" if "),(" in m[0] else "''", line)) is None and "),(" in line:
                problems.append(f"'),(' in a value of {name}")
            tables[name][2].extend(parse_rows(line))
    if dropped != set(tables) or unlocked != len(tables):
        problems.append("DROP TABLE or UNLOCK TABLES")
    if inserts["lecture_metadata"] > 1:
        problems.append("lecture_metadata in several INSERTs")
    return tables


def php_parse(s, i=0):
    """A PHP-serialised value at s[i:] (bytes). Return: value, end."""
    if s[i:i + 1] == b"i":
        end = s.index(b";", i)
        return int(s[i + 2:end]), end + 1
    n, colon = int(s[i + 2:s.index(b":", i + 2)]), s.index(b":", i + 2)
    if s[i:i + 1] == b"s":
        assert s[colon + 1:colon + 2] == b'"' and s[colon + 2 + n:colon + 4 + n] == b'";'
        return s[colon + 2:colon + 2 + n], colon + 4 + n
    assert s[i:i + 1] == b"a" and s[colon + 1:colon + 2] == b"{"
    value, i = {}, colon + 2
    for _ in range(n):
        key, i = php_parse(s, i)
        value[key], i = php_parse(s, i)
    assert s[i:i + 1] == b"}"
    return value, i + 1


class Log:
    """One pass over a clickstream."""

    def __init__(self, path, key, start, weeks, days):
        self.lines = self.bad = self.video = self.early = self.late = self.unsorted = self.disagree = 0
        self.wrong, self.last, self.features, self.keys = [], {}, collections.defaultdict(lambda: [0.0] * 12), collections.Counter()
        active, previous, end = set(), 0, start + days * 86400
        starts = [start + WEEK * w for w in range(weeks)]
        prefix = f"https://class.coursera.org/{key}/"
        with gzip.open(path, "rt", encoding="utf-8", newline="\n") as f:
            for line in f:
                self.lines += 1
                try:
                    o = json.loads(line)
                except ValueError:
                    self.bad += 1
                    if '"username":"' not in line:
                        self.wrong.append(line)
                    continue
                order = [CLICK_KEYS.index(k) for k in o]
                t, user = o["timestamp"], o["username"]
                if order != sorted(order) or not re.fullmatch("[0-9a-f]{40}", user) or not 10**12 < t < 10**13 or not o["page_url"].startswith(prefix):
                    self.wrong.append(line)
                    continue
                self.keys[o["key"]] += 1
                week = bisect.bisect_left(starts, t / 1000) - 1
                if week != bisect.bisect_left(starts, t // 1000) - 1:
                    self.disagree += 1
                self.early += t < start * 1000
                self.late += t > (end + 60 * 86400) * 1000
                self.unsorted += t < previous
                previous = t
                self.last[user] = max(self.last.get(user, 0), week)
                if o["key"].startswith("user.video"):
                    self.video += 1
                    v = json.loads(o["value"])
                    if not {"currentTime", "paused", "type", "prevTime", "initTimestamp"} <= set(v) or "lecture_id=" not in o["page_url"]:
                        self.wrong.append(line)
                if 0 <= week < 3:
                    x = self.features[user]
                    x[week] += 1
                    x[3 + week] += "/quiz/attempt" in o["page_url"]
                    x[6 + week] += "/forum/" in o["page_url"]
                    day = (user, t // 86400000)
                    x[9 + week] += day not in active
                    active.add(day)


def auc_of_regression(xs, ys):
    """Logistic regression by gradient descent on every other row; AUC on the rest."""
    xs = [[math.log1p(v) for v in x] for x in xs]
    mean = [sum(c) / len(xs) for c in zip(*xs)]
    dev = [math.sqrt(sum((v - m) ** 2 for v in c) / len(xs)) or 1 for c, m in zip(zip(*xs), mean)]
    xs = [[(v - m) / d for v, m, d in zip(x, mean, dev)] + [1.0] for x in xs]
    w = [0.0] * len(xs[0])
    train, rest = range(0, min(len(xs), 3000), 2), range(1, len(xs), 2)
    for _ in range(120):
        gradient = [0.0] * len(w)
        for i in train:
            e = ys[i] - 1 / (1 + math.exp(-sum(a * b for a, b in zip(w, xs[i]))))
            for k, v in enumerate(xs[i]):
                gradient[k] += e * v
        w = [a + 1.0 * g / len(train) for a, g in zip(w, gradient)]
    scored = sorted((sum(a * b for a, b in zip(w, xs[i])), ys[i]) for i in rest)
    positive = sum(y for _, y in scored)
    ranks = sum(i + 1 for i, (_, y) in enumerate(scored) if y)
    return (ranks - positive * (positive + 1) / 2) / (positive * (len(scored) - positive))


def check_sql(name, tables, problems, log, users, start, days):
    """The relations between tables, in their text form. users: those of the labels."""
    expected = expected_schema()
    different = [t for t in expected if t not in tables or tables[t][:2] != expected[t]]
    check(not problems, f"{name}: shape of the dumps", "; ".join(sorted(set(problems))[:5]))
    check(not different and len(tables) == len(expected) == 49, f"{name}: schemas of 49 tables", ", ".join(different[:5]))
    rows = {t: [dict(zip((c[0] for c in v[1]), r)) for r in v[2]] for t, v in tables.items()}
    widths = [t for t, v in tables.items() if any(len(r) != len(v[1]) for r in v[2])]
    nulls = [t for t, v in tables.items() for r in v[2] for c, x in zip(v[1], r) if x is None and not c[2]]
    check(not widths and not nulls, f"{name}: rows fit their tables", ", ".join(widths + nulls[:3]))
    empty = [t for t in expected if not rows[t] and not t.startswith("hg_")]
    check(not empty, f"{name}: every table has rows, those of peer grading perhaps", ", ".join(empty))
    end = start + days * 86400

    mapping = {r["session_user_id"]: r["user_id"] for r in rows["hash_mapping"]}
    known = set(mapping.values())
    check(len(mapping) == len(known) == len(rows["hash_mapping"]) == len(rows["users"])
          and set(mapping) == {r["session_user_id"] for r in rows["users"]}
          and all(re.fullmatch("[0-9a-f]{40}", r[k]) for r in rows["hash_mapping"] for k in ("session_user_id", "eventing_user_id", "public_user_id")),
          f"{name}: hash mapping is one to one with users", len(mapping))
    check(users < set(mapping), f"{name}: users of the log are registered, others have no activity", f"{len(mapping) - len(users)} idle")

    threads = {r["id"]: r for r in rows["forum_threads"]}
    posts = {r["id"]: r for r in rows["forum_posts"]}
    comments = {r["id"]: r for r in rows["forum_comments"]}
    forums = {r["id"] for r in rows["forum_forums"]}
    originals = collections.Counter(p["thread_id"] for p in posts.values() if p["original"])
    counts = collections.Counter(p["thread_id"] for p in posts.values())
    check({0, -2, 10001} < forums and all(t["forum_id"] in forums for t in threads.values())
          and all(p["thread_id"] in threads and p["post_time"] >= threads[p["thread_id"]]["posted_time"] for p in posts.values())
          and all(c["post_id"] in posts and c["thread_id"] == posts[c["post_id"]]["thread_id"] for c in comments.values())
          and originals == {t: 1 for t in threads} and all(counts[i] == t["num_posts"] for i, t in threads.items()),
          f"{name}: threads, posts and comments hang together", f"{len(threads)}/{len(posts)}/{len(comments)}")
    both = list(posts.values()) + list(comments.values())
    check(all(any(r[k] for r in both) for k in ("is_spam", "deleted", "anonymous")), f"{name}: spam, deleted and anonymous rows")
    check(any(r["user_id"] not in known for r in both) and any(r["user_id"] in known for r in both), f"{name}: some authors are deleted users")
    check(any(not p["is_spam"] and not p["deleted"] and p["user_id"] in known and p["post_time"] > start + 2 * WEEK for p in posts.values())
          and any(not c["is_spam"] for c in comments.values()), f"{name}: a post in week 2 or later, a comment")
    check(any(p["post_time"] > end for p in posts.values()), f"{name}: the forum goes on after the end")
    votes = collections.Counter()
    for r in rows["forum_reputation_record"]:
        votes[r["type"], r["pc_id"]] += r["direction"]
    check(all(votes["post", i] == p["votes"] for i, p in posts.items()) and all(votes["comment", i] == c["votes"] for i, c in comments.items()),
          f"{name}: votes are the sum of their records", len(rows["forum_reputation_record"]))
    for r in rows["kvs_course.forum_readrecord"]:
        value, stop = php_parse(r["value"].encode())
        if stop != len(r["value"].encode()) or not re.fullmatch(r"forum_\d+\.\d+", r["key"]) or any(k != b"_all" and k not in threads for k in value):
            check(False, f"{name}: read record {r['key']}")
    viewed = [r for r in rows["activity_log"] if r["action"] == "view.thread"]
    check(viewed and all(r["item_id"] in threads and r["user_id"] in known and r["timestamp"] >= threads[r["item_id"]]["posted_time"] for r in viewed),
          f"{name}: thread views", len(viewed))

    lectures = {r["id"]: r for r in rows["lecture_metadata"]}
    actions = collections.Counter(r["action"] for r in rows["lecture_submission_metadata"])
    check(all(r["item_id"] in lectures and r["session_user_id"] in users for r in rows["lecture_submission_metadata"])
          and actions["view"] > 0 and actions["download"] > 0, f"{name}: lecture actions", dict(actions))
    quizzes = {r["id"]: r for r in rows["quiz_metadata"]}
    attempts, submitted = collections.defaultdict(list), rows["quiz_submission_metadata"]
    for r in submitted:
        attempts[r["item_id"], r["session_user_id"]].append(r["submission_number"])
    check(all(i in quizzes and u in users for i, u in attempts) and all(v == list(range(1, len(v) + 1)) for v in attempts.values()),
          f"{name}: quiz attempts count from one", len(submitted))
    masters = [q for q in quizzes.values() if q["parent_id"] == -1 and q["open_time"] is not None]
    taken = {i for i, _ in attempts}
    check(all(q["soft_close_time"] is not None for q in masters)
          and any(q["quiz_type"] in ("quiz", "homework", "exam") and q["id"] in taken and start <= q["open_time"] < q["soft_close_time"] <= end for q in masters),
          f"{name}: graded quizzes with dates inside the course")
    grades = {r["session_user_id"]: r for r in rows["course_grades"]}
    check(users <= set(grades) and all(0 <= g["normal_grade"] <= 100 and g["distinction_grade"] is not None for g in grades.values())
          and any(g["normal_grade"] > 50 for g in grades.values()), f"{name}: grades", len(grades))
    ids = {f"submission.submission_id:{r['id']}" for r in submitted}
    stored = {r["key"]: r["value"].encode() for r in rows["kvs_course.quiz"]}
    xml = [php_parse(v)[0] for k, v in stored.items() if k.startswith("xml.quiz_id:")]
    twice = [php_parse(php_parse(v)[0])[0] for k, v in stored.items() if k in ids]
    check(len(twice) == len(ids) and all({b"answers", b"start_time", b"saved_time"} == set(v) for v in twice) and all(b"<question_group" in x for x in xml),
          f"{name}: stored quizzes and answers", f"{len(xml)}/{len(twice)}")


def check_database(name, database, paths, tables, client):
    def query(sql, **kw):
        return subprocess.run(client + ["-N", "-e", sql], capture_output=True, text=True, check=True, **kw).stdout.strip()
    query(f"CREATE DATABASE `{database}`")
    try:
        for path in paths:
            with gzip.open(path) as f:
                subprocess.run(client + [database], input=f.read(), capture_output=True, check=True)
        sums = " UNION ALL ".join(f"SELECT '{t}', COUNT(*) FROM `{database}`.`{t}`" for t in tables)
        counted = dict(line.split("\t") for line in query(sums).splitlines())
        differ = [t for t in tables if int(counted[t]) != len(tables[t][2])]
        check(not differ and len(counted) == 49, f"{name}: loads into the server", ", ".join(differ))
        length = sum(len(r[12].encode()) for r in tables["forum_posts"][2])
        check(int(query(f"SELECT SUM(LENGTH(post_text)) FROM `{database}`.forum_posts")) == length, f"{name}: texts survive loading", length)
        check(query(f"SELECT COUNT(*) FROM `{database}`.forum_forums WHERE id IN (0, -2, 10001)") == "3", f"{name}: forum ids 0, -2 and 10001")
    except subprocess.CalledProcessError as e:
        error = e.stderr if isinstance(e.stderr, str) else e.stderr.decode()
        check(False, f"{name}: loads into the server", error.strip())
    finally:
        query(f"DROP DATABASE `{database}`")


def read_dates(root, file, separator):
    with open(os.path.join(root, file), encoding="iso-8859-1", newline="") as f:
        rows = list(csv.DictReader(f))
    ok = all(re.fullmatch(r"[1-9]\d?/[1-9]\d?/\d\d", r[k]) for r in rows for k in ("start_date", "end_date"))
    check(ok and list(rows[0]) == ["course", "fullname", "start_date", "end_date"] and len({r["course"] for r in rows}) == len(rows),
          f"{file}: header, unique keys, dates", len(rows))
    parse = lambda s: int(datetime.datetime.strptime(s, "%m/%d/%y").replace(tzinfo=datetime.timezone.utc).timestamp())
    return {tuple(r["course"].rsplit(separator, 1)): (parse(r["start_date"]), parse(r["end_date"]), r["fullname"]) for r in rows}


def read_labels(root, which):
    labels, seen = collections.defaultdict(dict), 0
    with open(os.path.join(root, f"labels-{which}.csv")) as f:
        rows = list(csv.DictReader(f))
    for r in rows:
        labels[r["course"], r["session"]][r["userID"], r["label_type"]] = int(r["label_value"])
    with open(os.path.join(root, f"labels-{which}-with-underscore.csv")) as f:
        other = list(csv.DictReader(f))
    same = [(r["userID"], r["label_type"], r["label_value"], f"{r['course']}_{r['session']}") for r in rows] == [tuple(r.values()) for r in other]
    check(same and list(rows[0]) == ["userID", "label_type", "label_value", "course", "session"]
          and list(other[0]) == ["userID", "label_type", "label_value", "course"] and len(rows) == sum(map(len, labels.values())),
          f"labels-{which}.csv: header, no duplicates, same as the variant with underscore", len(rows))
    return labels


def check_files(name, key, directory):
    files = sorted(os.listdir(directory))
    rest = ["Demographics_individual_responses.csv", "Demographics_summary.html", "SQL_anonymized_forum.sql.gz",
            "SQL_anonymized_general.sql.gz", "SQL_hash_mapping.sql.gz", "SQL_unanonymizable.sql.gz"]
    single = all(sum(s in f for f in files) == 1 for s in ["hash_mapping", "anonymized_forum", "anonymized_general", "clickstream_export.gz"])
    cleaned = [re.sub(r"[()\s&]", "", f) for f in files]
    check(len(files) == 7 and f"{key}_clickstream_export.gz" in files and single
          and all(sum(f.endswith(f" ({key})_{s}") for f in files) == 1 for s in rest)
          and all(re.fullmatch(r"[A-Za-z0-9_.!-]+", c) for c in cleaned)
          and all(os.stat(os.path.join(directory, f)).st_mode & 0o7777 == 0o644 for f in files)
          and os.stat(directory).st_mode & 0o7777 == 0o755, f"{name}: seven files, safe names, modes")
    return {s: os.path.join(directory, f) for f in files for s in rest + ["clickstream_export.gz"] if f.endswith(s)}


def check_demographics(name, path, users):
    with open(path, "rb") as f:
        bom = f.read(3) == b"\xef\xbb\xbf"
    with open(path, encoding="utf-8-sig", newline="") as f:
        rows = list(csv.reader(f))
    check(bom and rows[0][:3] == ["V1", "V2", "V3"] and {"Q3", "Q4", "Q16"} < set(rows[0]) and rows[0][-1] == "" and len(rows) > 2
          and all(len(r) == len(rows[0]) for r in rows) and all(r[2] in users for r in rows[2:]), f"{name}: demographics", len(rows) - 2)


def check_session(root, course, session, dates, labels, client, sample):
    start, end, _ = dates[course, session]
    name, days = f"{course}-{session}", (end - start) // 86400
    weeks = math.ceil(days / 7)
    paths = check_files(name, name, os.path.join(root, course, session))
    check(days >= (64 if course == "accounting" else 22) and start % 86400 == 0, f"{name}: length", f"{days} days")
    log = Log(paths["clickstream_export.gz"], name, start, weeks, days)
    check(not log.wrong, f"{name}: lines of the log", log.wrong[0][:200] if log.wrong else log.lines)
    check(0 < log.bad < max(log.lines * 0.01, 3), f"{name}: a few malformed lines", log.bad)
    check(0.65 < log.video / log.lines < 0.9, f"{name}: share of video events", f"{log.video / log.lines:.3f}")
    check(log.early > 0 and log.late > 0 and log.unsorted > 0, f"{name}: events before the start, long after the end, out of order")
    check(log.disagree == 0, f"{name}: no event in a boundary second")
    dropout = {u: v for (u, kind), v in labels.items() if kind == "dropout"}
    current = {u: v for (u, kind), v in labels.items() if kind == "dropout_current_week"}
    check(set(dropout) == set(current) == set(log.last) and len(labels) == 2 * len(log.last), f"{name}: labels cover the users of the log", len(log.last))
    check(all(v == (log.last[u] < weeks - 1) for u, v in dropout.items()) and all(v == (log.last[u] == 2) for u, v in current.items()),
          f"{name}: labels follow from the log")
    check(set(dropout.values()) == set(current.values()) == {0, 1}, f"{name}: both classes", f"dropout {sum(dropout.values()) / len(dropout):.3f}")
    sample.extend((log.features.get(u, [0.0] * 12), 1 - v) for u, v in sorted(dropout.items()))

    problems, tables, dumps = [], {}, [p for s, p in sorted(paths.items()) if s.endswith(".sql.gz")]
    for path in dumps:
        found = read_dump(path, problems)
        problems.extend(f"table {t} twice" for t in found if t in tables)
        tables.update(found)
    check_sql(name, tables, problems, log, set(log.last), start, days)
    check_demographics(name, paths["Demographics_individual_responses.csv"], {r[0] for r in tables["users"][2]})
    if client:
        check_database(name, f"{course}_{session}", dumps, tables, client)
    return {r[2]: r[0] for r in tables["hash_mapping"][2]}


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("dir")
    p.add_argument("--mysql-socket")
    p.add_argument("--mysql-user", default="root")
    args = p.parse_args()
    csv.field_size_limit(1 << 24)
    client = args.mysql_socket and ["mysql", "--no-defaults", f"--socket={args.mysql_socket}", f"--user={args.mysql_user}", "--default-character-set=utf8mb4"]
    dates = read_dates(args.dir, "coursera_course_dates.csv", "-")
    check(dates == read_dates(args.dir, "coursera_course_dates_with_underscore.csv", "_"), "both dates files agree")
    labels = {which: read_labels(args.dir, which) for which in ("train", "test")}
    sessions = collections.defaultdict(list)
    for course, session in sorted(dates):
        sessions[course].append(session)
    holdouts = {(c, max(s)) for c, s in sessions.items()}
    check(set(labels["test"]) == holdouts and set(labels["train"]) == set(dates) - holdouts and all(len(s) >= 2 for s in sessions.values()),
          "the last session of each course is the holdout", len(holdouts))
    sample, people, repeated = [], {}, False
    for key in sorted(dates):
        found = check_session(args.dir, *key, dates, labels["test" if key in holdouts else "train"][key], client, sample)
        repeated = repeated or bool(set(found) & set(people))
        people.update(found)
    check(not repeated and len(set(people.values())) < len(people), "people keep their user_id and change their session_user_id")
    if len(sample) >= 500:
        auc = auc_of_regression(*zip(*sample))
        check(0.72 <= auc <= 0.93, "dropout can be learned from weeks 0 to 2, not perfectly", f"AUC {auc:.3f}, {len(sample)} users")
    print(f"{failures} failed")
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
