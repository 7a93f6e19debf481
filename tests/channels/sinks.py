"""Real ends of the wire: an SMTP server and an HTTP server on this machine, which keep what they are sent."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from aiosmtpd.controller import Controller


@dataclass
class Mailbox:
    """`answers` gives what the server says to a recipient: `250 OK` where nothing is set."""

    mails: list = field(default_factory=list)
    answers: dict = field(default_factory=dict)
    port: int = 0
    before_accept: object = None

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.before_accept:
            self.before_accept()
        mail = message_from_bytes(envelope.content, policy=default)
        self.mails += [(address, mail) for address in envelope.rcpt_tos]
        return "250 accepted"

    @property
    def addresses(self):
        return sorted(address for address, _ in self.mails)


class _AnyPort(Controller):
    """Tells the port that the system chose before it looks whether somebody listens there."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def smtp_server(settings, *, port=0):
    """A mail server; Django's settings lead to it."""
    mailbox = Mailbox()
    controller = _AnyPort(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    mailbox.port = controller.port
    use_smtp(settings, mailbox.port)
    try:
        yield mailbox
    finally:
        controller.stop()


def use_smtp(settings, port):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""


@dataclass
class Endpoint:
    """`status`, `headers`, `body` and the `length` it claims are its answer; `requests` is what it got."""

    url: str = ""
    status: int = 200
    headers: dict = field(default_factory=dict)
    body: bytes = b"ok"
    length: int | None = None
    requests: list = field(default_factory=list)
    before_answer: object = None


@contextmanager
def http_server():
    endpoint = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            endpoint.requests.append((self.path, dict(self.headers), body))
            if endpoint.before_answer:
                endpoint.before_answer(self)
            self.send_response(endpoint.status)
            for name, value in endpoint.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(endpoint.length or len(endpoint.body)))
            self.end_headers()
            self.wfile.write(endpoint.body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
