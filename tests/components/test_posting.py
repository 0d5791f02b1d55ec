"""One request of a channel against real sockets: every kind of failure has its meaning, and none tells the address."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from support.http_server import answer, drip, http_server, raw, reset, silence
from support.tls import self_signed

from maxbooster_ops.alerting.channels.channel import Sent
from maxbooster_ops.alerting.channels.posting import Target, get, post
from maxbooster_ops.processes.waiting import wait_for

SECRET = "/services/T0S3CRET/B0S3CRET/xyzS3CRET"
PUBLIC = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 80))]


def posted(url, **known):
    """Post within bounds that no machine is too slow for, unless the test is about them."""
    target = Target(url=url, **{"read_seconds": 60, "whole_seconds": 60, **known})
    return post(target, b"{}", {"Idempotency-Key": "k1"})


@pytest.mark.parametrize("status", [200, 202, 204])
def test_a_success_of_any_kind_is_delivered(server, status):
    assert posted(server.on(SECRET, answer(status=status))) == Sent(delivered=True, detail=f"answered {status}")


@pytest.mark.parametrize(
    ("status", "permanent"),
    [
        pytest.param(400, True, id="400 bad request"),
        pytest.param(401, True, id="401 wrong key"),
        pytest.param(404, True, id="404 no such hook"),
        pytest.param(408, False, id="408 too slow"),
        pytest.param(410, True, id="410 gone"),
        pytest.param(413, True, id="413 too large"),
        pytest.param(425, False, id="425 too early"),
        pytest.param(429, False, id="429 too many"),
        pytest.param(499, True, id="499, the last refusal"),
        pytest.param(500, False, id="500 broken"),
        pytest.param(503, False, id="503 overloaded"),
    ],
)
def test_a_refusal_is_final_unless_it_says_later(server, status, permanent):
    sent = posted(server.on(SECRET, answer("no_service", status=status)))
    assert sent == Sent(delivered=False, permanent=permanent, detail=f"answered {status}: no_service")


def test_what_the_receiver_asks_to_wait_is_handed_on(server):
    sent = posted(server.on(SECRET, answer(status=429, Retry_After="7")))
    assert sent.retry_after == timedelta(seconds=7)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed_and_says_so(server, status):
    server.on("/elsewhere", answer())
    sent = posted(server.on(SECRET, answer(status=status, Location=f"{server.url}/elsewhere")))
    assert (sent.delivered, sent.permanent) == (False, True)
    assert f"answered {status}, a redirect; redirects are not followed" in sent.detail
    assert server.requests["/elsewhere"] == 0


@pytest.mark.parametrize(
    ("script", "said"),
    [
        pytest.param(reset, "the connection failed: Connection reset by peer", id="a reset"),
        pytest.param(raw(b""), "the connection failed: RemoteDisconnected", id="hung up"),
        pytest.param(raw(b"SSH-2.0-OpenSSH\r\n"), "the connection failed: BadStatusLine", id="no HTTP"),
    ],
)
def test_what_goes_wrong_on_the_way_is_tried_again(server, script, said):
    assert posted(server.on(SECRET, script)) == Sent(delivered=False, detail=said)


def test_a_receiver_that_says_no_word_is_tried_again(server):
    sent = posted(server.on(SECRET, silence), read_seconds=0.3)
    assert sent == Sent(delivered=False, detail="no answer within 0.3 s")


def test_a_receiver_that_drips_is_cut_off(server):
    url = server.on(SECRET, drip(b"HTTP/1.1 200 OK\r\nX: ", every_seconds=0.05))
    assert posted(url, whole_seconds=0.5) == Sent(delivered=False, detail="no complete answer within 0.5 s")


def test_a_success_counts_even_if_its_body_never_ends(server):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n"
    assert posted(server.on(SECRET, drip(head))).delivered


def test_nobody_listening_is_tried_again():
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        sent = posted(f"http://127.0.0.1:{bound.getsockname()[1]}{SECRET}")
    assert sent == Sent(delivered=False, detail="the connection failed: Connection refused")


def test_a_name_that_does_not_resolve_is_tried_again(monkeypatch):
    """As the resolver says it, which may take half a minute where there is no network."""

    def unknown(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    assert posted(f"http://nowhere.invalid{SECRET}") == Sent(delivered=False, detail="its host name cannot be resolved")


@pytest.mark.parametrize("url", ["ftp://example.com/x", "example.com/x", "http://", "http://[::1/x"])
def test_an_address_that_is_no_url_is_permanent(url):
    sent = posted(url)
    assert sent == Sent(delivered=False, permanent=True, detail="the address is no URL that can be called")


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tmp_path):
    with http_server(certificate=self_signed(tmp_path, days=2)) as server:
        sent = posted(server.on(SECRET, answer()))
    assert sent.detail.startswith("the connection cannot be trusted:")
    assert server.requests[SECRET] == 0


def test_what_an_answer_echoes_of_the_address_is_covered(server):
    echo = f"POST {server.url}{SECRET}?sig=abcdef with R0UTINGKEY: no; try {SECRET}"
    sent = posted(f"{server.on(SECRET, answer(echo, status=500))}?sig=abcdef", secrets=("R0UTINGKEY",))
    for secret in ("S3CRET", "services", "abcdef", "R0UTINGKEY", str(server.port)):
        assert secret not in sent.detail
    assert "no; try" in sent.detail


@pytest.mark.parametrize(
    "host",
    [
        pytest.param("127.0.0.1", id="loopback"),
        pytest.param("localhost", id="a name of loopback"),
        pytest.param("2130706433", id="loopback as one number"),
        pytest.param("0x7f.1", id="loopback in hexadecimal"),
        pytest.param("[::ffff:127.0.0.1]", id="loopback inside v6"),
        pytest.param("0.0.0.0", id="any address"),
    ],
)
def test_a_guarded_target_refuses_private_addresses_before_it_connects(server, host):
    server.on(SECRET, answer())
    sent = posted(f"http://{host}:{server.port}{SECRET}", guarded=True)
    assert (sent.delivered, sent.permanent) == (False, True)
    assert "is not on the internet and nothing was sent" in sent.detail
    assert "ALERT_ALLOW_PRIVATE_WEBHOOKS=true" in sent.detail
    assert sum(server.requests.values()) == 0


def test_the_metadata_service_is_refused():
    assert "169.254.169.254 is not on the internet" in posted("http://169.254.169.254/latest", guarded=True).detail


def test_a_name_that_changes_between_look_up_and_connecting_gets_nothing(server, monkeypatch):
    """DNS rebinding: public when it is checked, loopback when it is connected to."""
    server.on(SECRET, answer())
    real, answers = socket.getaddrinfo, [PUBLIC]
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda *_, **__: answers.pop() if answers else real("127.0.0.1", server.port)
    )
    sent = posted(f"http://rebinding.example:{server.port}{SECRET}", guarded=True)
    assert answers == []
    assert (sent.delivered, sent.permanent) == (False, True)
    assert "127.0.0.1 is not on the internet" in sent.detail
    wait_for(lambda: server.heads == {"": ""}, seconds=60, what="a connection without a byte")


def test_a_name_with_one_private_address_among_public_ones_is_refused(server, monkeypatch):
    both = [*PUBLIC, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    assert posted("http://both.example/x", guarded=True).permanent
    assert sum(server.requests.values()) == 0


def test_a_proxy_is_no_way_around_the_guard(server, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.url)
    sent = posted("http://169.254.169.254/latest", guarded=True)
    assert sent.permanent
    assert sum(server.requests.values()) == 0


def test_the_users_netrc_does_not_replace_our_key(server, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password word\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    url = server.on("/v3/mail/send", answer(status=202))
    assert post(Target(url=url), b"{}", {"Authorization": "Bearer SG.key"}).delivered
    assert "Authorization: Bearer SG.key" in server.heads["/v3/mail/send"]


def test_a_heartbeat_is_a_get(server):
    assert get(Target(url=server.on("/beat", answer()))).delivered
    assert server.heads["/beat"].startswith("GET /beat ")
