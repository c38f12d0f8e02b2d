"""A mail server for tests: python server.py FOLDER WAY CERT KEY USER PASSWORD

WAY is starttls, implicit or plain; USER may be empty. Mail that it takes lies in FOLDER/mails, one JSON file each.
FOLDER/faults holds what goes wrong, one fault a line; each happens once, at the first step that it names:

    rcpt 450 busy      an answer at that step: rcpt, data or end (of the mail)
    data drop          the connection breaks within the mail
    end drop           the connection breaks after the mail, which is not taken
    end lost           the mail is taken, and the connection breaks before the answer

Prints READY PORT.
"""

import asyncio
import json
import os
import ssl
import sys
import tempfile

from aiosmtpd.smtp import SMTP, AuthResult

folder, way, cert, key, user, password = sys.argv[1:7]
mails, faults = os.path.join(folder, "mails"), os.path.join(folder, "faults")


def fault(step):
    """Takes the first line of the file where it is of this step."""
    try:
        with open(faults) as f:
            lines = f.read().splitlines()
    except FileNotFoundError:
        return None
    if not lines or not lines[0].startswith(step + " "):
        return None
    with open(faults, "w") as f:
        f.write("\n".join(lines[1:]))
    return lines[0].split(" ", 1)[1]


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        wrong = fault("rcpt")
        if wrong:
            return wrong
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, server, session, envelope):
        wrong = fault("end")
        if wrong and wrong != "lost" and wrong != "drop":
            return wrong
        if wrong != "drop":
            self.keep(session, envelope)
        if wrong:
            server.transport.abort()
        return "250 taken"

    def keep(self, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "user": session.auth_data.decode() if session.auth_data else "",
            "tls": session.ssl is not None or way == "implicit",
            "text": envelope.content.decode("utf-8"),
        }
        fd, name = tempfile.mkstemp(dir=folder)
        with os.fdopen(fd, "w") as f:
            json.dump(mail, f)
        os.rename(name, os.path.join(mails, "%06d.json" % (len(os.listdir(mails)) + 1)))


class Server(SMTP):
    async def smtp_DATA(self, arg):
        wrong = fault("data")
        if not wrong:
            return await super().smtp_DATA(arg)
        if wrong != "drop":
            return await self.push(wrong)
        await self.push("354 go on")
        await self._reader.readline()
        self.transport.abort()


def authenticate(server, session, envelope, mechanism, data):
    ok = data.login == user.encode() and data.password == password.encode()
    return AuthResult(success=ok, handled=True, auth_data=data.login)


async def main():
    context = None
    if way != "plain":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key)
    options = {"hostname": "localhost", "enable_SMTPUTF8": True}
    if way == "starttls":
        options.update(tls_context=context, require_starttls=True)
    if user:
        options.update(authenticator=authenticate, auth_required=True, auth_require_tls=way == "starttls")
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Server(Handler(), loop=loop, **options), "127.0.0.1", 0, ssl=context if way == "implicit" else None
    )
    os.makedirs(mails, exist_ok=True)
    print("READY %d" % server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
