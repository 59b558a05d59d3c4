"""TLS: who is believed, and that a host which hangs keeps no connection of ours."""

import asyncio
import contextlib
import os
import socket
import ssl
import threading
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import aiohttp.connector
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.providers.conftest import MAPPING, PATIENT

SOON = 10.0  # seconds; asyncio would wait 30 for a goodbye
A_SECOND = timedelta(seconds=1)
A_BODY = b'{"public": true}'
AN_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(A_BODY), A_BODY)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file with a key and a certificate for 127.0.0.1 that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = tmp_path_factory.mktemp("tls") / "certificate.pem"
    file.write_bytes(signed.public_bytes(pem) + key.private_bytes(pem, pkcs8, serialization.NoEncryption()))
    return file


@pytest.fixture
def trusted(certificate, monkeypatch):
    """The certificate is one of those that this machine trusts."""
    context = ssl.create_default_context(cafile=certificate)
    monkeypatch.setattr(aiohttp.connector, "_SSL_CONTEXT_VERIFIED", context)


class Host:
    """Says something over TLS to its first caller, or nothing, and never goodbye."""

    def __init__(self, certificate, answer):
        self.gone = threading.Event()
        self._answer = answer
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(certificate)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._listening.settimeout(SOON)
        self.port = self._listening.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        caller, _ = self._listening.accept()
        caller.settimeout(SOON)
        with contextlib.suppress(TimeoutError):
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                self._answer_and_stay(caller)
            self.gone.set()

    def _answer_and_stay(self, caller):
        with self._context.wrap_socket(caller, server_side=True) as tls:
            tls.recv(65536)
            tls.sendall(self._answer)
            with socket.socket(fileno=os.dup(tls.fileno())) as below:
                below.settimeout(SOON)
                while below.recv(65536):
                    pass

    def end(self):
        self._thread.join()
        self._listening.close()


@pytest.fixture
def host_of(certificate):
    hosts = []

    def make(answer):
        hosts.append(Host(certificate, answer))
        return hosts[-1]

    yield make
    for host in hosts:
        host.end()


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(
    ("answer", "budget", "facts"),
    [(AN_ANSWER, PATIENT, {"public": True}), (AN_ANSWER[:-1], A_SECOND, {}), (b"", A_SECOND, {})],
)
async def test_a_host_that_says_no_goodbye_keeps_no_connection(host_of, provider_of, answer, budget, facts):
    host = host_of(answer)
    provider = provider_of(f"https://127.0.0.1:{host.port}/{{domain}}", MAPPING, budget)
    assert await provider.list_facts("contoso.com") == facts
    assert await asyncio.to_thread(host.gone.wait, SOON)


async def test_a_certificate_that_nobody_trusts_is_refused(host_of, provider_of, caplog):
    host = host_of(AN_ANSWER)
    assert await provider_of(f"https://127.0.0.1:{host.port}/{{domain}}").list_facts("contoso.com") == {}
    assert caplog.messages == ["No facts from 127.0.0.1: SSLCertVerificationError, 1 in a row"]


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_of_another_host_is_refused(host_of, provider_of, caplog):
    host = host_of(AN_ANSWER)
    assert await provider_of(f"https://localhost:{host.port}/{{domain}}").list_facts("contoso.com") == {}
    assert caplog.messages == ["No facts from localhost: SSLCertVerificationError, 1 in a row"]
