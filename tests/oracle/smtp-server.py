#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A mail server that misbehaves on demand, for tests of morf-mail. Standard library only.

What happens to a mail is said by the local part of its recipient:

    ok...          accepted
    greylist...    451 at RCPT for the first try (of this address), then accepted
    reject...      550 at RCPT
    datareject...  554 behind DATA
    stall...       354, and then silence for ever
    drop...        the connection is closed behind the last byte of the mail
    slow...        accepted after --slow seconds

Every mail that was accepted is a file NNN.eml in --dir, its envelope the first lines (X-Envelope-...). Prints one line "ready PORT"
when it listens. With --certificate and --key it offers STARTTLS, with --user and --password it wants AUTH PLAIN or LOGIN behind it.
"""
import argparse
import asyncio
import base64
import os
import ssl


class Server:
    def __init__(self, arguments):
        self.arguments = arguments
        self.seen = set()
        self.number = 0
        self.tls = None
        if arguments.certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(arguments.certificate, arguments.key)

    async def talk(self, reader, writer):
        try:
            await Conversation(self, reader, writer).run()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()

    def store(self, sender, recipients, data, encrypted, user):
        self.number += 1
        name = os.path.join(self.arguments.dir, f"{self.number:03}.eml")
        envelope = f"X-Envelope-From: {sender}\n" + "".join(f"X-Envelope-To: {r}\n" for r in recipients)
        envelope += f"X-Envelope-TLS: {'yes' if encrypted else 'no'}\nX-Envelope-User: {user}\n"
        with open(name + ".tmp", "wb") as f:
            f.write(envelope.encode() + data.replace(b"\r\n", b"\n"))
        os.rename(name + ".tmp", name)


class Conversation:
    def __init__(self, server, reader, writer):
        self.server, self.reader, self.writer = server, reader, writer
        self.encrypted, self.user = False, ""
        self.sender, self.recipients = "", []

    async def say(self, line):
        self.writer.write(line.encode() + b"\r\n")
        await self.writer.drain()

    async def line(self):
        return (await self.reader.readuntil(b"\n")).rstrip(b"\r\n").decode("utf-8", "replace")

    async def run(self):
        await self.say("220 test ESMTP")
        while True:
            line = await self.line()
            verb = line.split(" ")[0].upper()
            if verb in ("EHLO", "HELO"):
                await self.hello(verb)
            elif verb == "STARTTLS":
                await self.say("220 go ahead")
                await self.writer.start_tls(self.server.tls)
                self.encrypted = True
            elif verb == "AUTH":
                await self.authenticate(line)
            elif self.server.arguments.user and not self.user and verb in ("MAIL", "RCPT", "DATA"):
                await self.say("530 5.7.0 authentication required")
            elif verb == "MAIL":
                self.sender, self.recipients = line.split("<")[1].split(">")[0], []
                await self.say("250 2.1.0 ok")
            elif verb == "RCPT":
                await self.recipient(line.split("<")[1].split(">")[0])
            elif verb == "DATA":
                if not await self.data():
                    return
            elif verb == "QUIT":
                await self.say("221 2.0.0 bye")
                return
            else:
                await self.say("250 ok" if verb in ("RSET", "NOOP") else "500 what?")

    async def hello(self, verb):
        features = ["test", "PIPELINING", "SIZE 20000000", "ENHANCEDSTATUSCODES"]
        if self.server.tls and not self.encrypted:
            features.append("STARTTLS")
        if self.server.arguments.user and (self.encrypted or not self.server.tls):
            features.append("AUTH PLAIN LOGIN")
        if verb == "HELO":
            features = ["test"]
        for i, feature in enumerate(features):
            await self.say(f"250{' ' if i + 1 == len(features) else '-'}{feature}")

    async def authenticate(self, line):
        words = line.split(" ")
        if words[1].upper() == "PLAIN":
            if len(words) < 3:
                await self.say("334 ")
                words.append(await self.line())
            _, user, password = base64.b64decode(words[2]).decode().split("\0")
        else:
            await self.say("334 VXNlcm5hbWU6")
            user = base64.b64decode(await self.line()).decode()
            await self.say("334 UGFzc3dvcmQ6")
            password = base64.b64decode(await self.line()).decode()
        if (user, password) == (self.server.arguments.user, self.server.arguments.password):
            self.user = user
            await self.say("235 2.7.0 welcome")
        else:
            await self.say("535 5.7.8 wrong user or password")

    async def recipient(self, address):
        if address.startswith("reject"):
            await self.say("550 5.1.1 no such mailbox")
        elif address.startswith("greylist") and address not in self.server.seen:
            self.server.seen.add(address)
            await self.say("451 4.7.1 greylisted, try again later")
        else:
            self.recipients.append(address)
            await self.say("250 2.1.5 ok")

    async def data(self):
        if not self.recipients:
            await self.say("554 5.5.1 no valid recipients")
            return True
        await self.say("354 go on")
        if any(r.startswith("stall") for r in self.recipients):
            await asyncio.sleep(3600)
        lines = []
        while True:
            line = await self.reader.readuntil(b"\n")
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        if any(r.startswith("drop") for r in self.recipients):
            return False
        if any(r.startswith("datareject") for r in self.recipients):
            await self.say("554 5.6.0 content refused")
            return True
        if any(r.startswith("slow") for r in self.recipients):
            await asyncio.sleep(self.server.arguments.slow)
        self.server.store(self.sender, self.recipients, b"".join(lines), self.encrypted, self.user)
        await self.say("250 2.0.0 queued")
        return True


async def main():
    p = argparse.ArgumentParser()
    p.add_argument("--port", type=int, default=0)
    p.add_argument("--dir", required=True)
    p.add_argument("--certificate")
    p.add_argument("--key")
    p.add_argument("--user")
    p.add_argument("--password")
    p.add_argument("--slow", type=float, default=3)
    server = Server(p.parse_args())
    os.makedirs(server.arguments.dir, exist_ok=True)
    listener = await asyncio.start_server(server.talk, "127.0.0.1", server.arguments.port, limit=1 << 24)
    print(f"ready {listener.sockets[0].getsockname()[1]}", flush=True)
    async with listener:
        await listener.serve_forever()


asyncio.run(main())
