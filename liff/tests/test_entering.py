"""How somebody comes in, and who does not (R53 to R60)."""

import gzip
import hashlib
import json
import re
import urllib.request
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from madoguchi import shared
from madoguchi.testing import TestResident
from madoguchi.testing.town import LIFF_ID
from madoguchi.testing.visitor import Visitor, read_forms
from madoguchi_liff.config import SDK

STATIC = Path(__file__).parents[1] / "src" / "madoguchi_liff" / "static"
HTMX = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
SESSION = "/mihon/liff/session"


def stranger(town) -> Visitor:
    return Visitor(town.pages_url)


def post_token(visitor: Visitor, token: str, **more):
    sent = [("id_token", token), ("liff_id", LIFF_ID)]
    return visitor.posts(SESSION, sent, headers=more)


def sign(town, kid=None, key=None, algorithm="ES256", **changes):
    """A token as LINE would sign it, with something changed."""
    signing = town.simulator.logins.signing
    now = int(town.clock.time())
    claims = {
        "iss": "https://access.line.me",
        "sub": "U" + "1" * 32,
        "aud": LIFF_ID.partition("-")[0],
        "exp": now + 3600,
        "iat": now,
        **changes,
    }
    if key is None:
        return town.call(signing.sign, claims)
    return jwt.encode(claims, key, algorithm, headers={"kid": kid})


def known_kid(town) -> str:
    return jwt.get_unverified_header(sign(town))["kid"]


def test_whoever_is_not_known_meets_the_entrance(gateway):
    page = stranger(gateway).opens("/mihon/liff/form/everything/report")
    assert page.status == 200
    assert 'data-place="entrance"' in page
    assert "どんな不具合ですか" not in page, "nothing of a form is shown to a stranger"
    assert "0100-00-0000" in page


def test_r53_identity_comes_from_a_verified_token_only(gateway, hanako):
    browser = stranger(gateway)
    claimed = [("user_id", hanako.user_id), ("resident", "1"), ("liff_id", LIFF_ID)]
    assert browser.posts(SESSION, claimed).status == 401
    assert not list(browser.cookies)
    assert post_token(browser, hanako.id_token()).status == 200
    page = browser.opens("/mihon/liff/form/everything/report?resident=2&user_id=U2")
    assert "どんな不具合ですか" in page


def test_r54_forged_tokens_are_401_and_set_no_cookie(gateway):
    foreign = ec.generate_private_key(ec.SECP256R1())
    kid = known_kid(gateway)
    head, body, signature = sign(gateway).split(".")
    forged = {
        "alg none": jwt.encode({"sub": "U" + "1" * 32}, None, "none", headers={"kid": kid}),
        "HS256": sign(gateway, kid, "x" * 64, "HS256"),
        "foreign key": sign(gateway, kid, foreign),
        "unknown key": sign(gateway, "unknown", foreign),
        "foreign channel": sign(gateway, aud="1"),
        "foreign issuer": sign(gateway, iss="https://evil.example"),
        "cut off": f"{head}.{body}.",
        "swapped": f"{head}.{signature}.{body}",
        "empty": "",
        "no token": "窓口",
    }
    for name, token in forged.items():
        browser = stranger(gateway)
        page = post_token(browser, token)
        assert (page.status, json.loads(page.html)) == (401, {"trouble": "refused"}), name
        assert not list(browser.cookies), name
    assert post_token(stranger(gateway), "x" * 20_000).status == 413


def test_r55_an_expired_token_is_told_apart_and_a_session_ends(gateway, hanako, clock):
    token = hanako.id_token()
    clock.move(3700)
    page = post_token(stranger(gateway), token)
    assert (page.status, json.loads(page.html)) == (401, {"trouble": "expired"})
    home = "/mihon/liff"
    browser = stranger(gateway)
    post_token(browser, hanako.id_token())
    for _ in range(12):  # 11 h 48 min of use: each page keeps the session alive
        clock.move(59 * 60)
        assert "できること" in browser.opens(home)
    clock.move(13 * 60)
    assert 'data-place="entrance"' in browser.opens(home), "twelve hours in all"
    post_token(browser, hanako.id_token())
    clock.move(3601)
    assert 'data-place="entrance"' in browser.opens(home), "an hour without a page"


def test_r55_the_cookie_is_this_gateways_and_no_scripts(gateway, hanako):
    hanako.opens("/liff")
    cookie = next(one for one in hanako.browser.cookies if one.name == "madoguchi-mihon-liff")
    assert cookie.path == "/mihon/liff"
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") == "lax"
    assert not cookie.secure, "http in tests; https is test_secure_iff_https"
    assert hanako.id_token()[:20] not in cookie.value


def test_r56_an_access_token_alone_opens_no_session(gateway, hanako):
    """It is good at LINE, and of our channel; we take ID tokens alone, so nothing asks LINE."""
    logged_in = gateway.call(gateway.simulator.log_in, hanako.user_id, LIFF_ID)
    token = logged_in["accessToken"]
    line = Visitor(gateway.platform)
    said = json.loads(line.opens(f"/oauth2/v2.1/verify?access_token={token}").html)
    assert said["client_id"] == LIFF_ID.partition("-")[0]
    assert 0 < said["expires_in"] <= 12 * 3600
    bearer = {"authorization": f"Bearer {token}"}
    profile = json.loads(line._go(f"{gateway.platform}/v2/profile", headers=bearer).html)
    assert profile["userId"] == hanako.user_id
    app = ("liff_id", LIFF_ID)
    for sent in ([("id_token", token), app], [("access_token", token), app], [app]):
        browser = stranger(gateway)
        page = browser.posts(SESSION, sent, headers=bearer)
        assert (page.status, json.loads(page.html)) == (401, {"trouble": "refused"})
        assert not list(browser.cookies)
    address = f"{gateway.pages_url}/mihon/liff?access_token={token}"
    for given in (bearer, {"cookie": f"madoguchi-mihon-liff={token}"}):
        page = stranger(gateway)._go(address, None, given)
        assert 'data-place="entrance"' in page


def test_whoever_is_refused_reads_how_to_open_the_page_again(gateway):
    """What the page's script shows after a 401 (R54, R55); tests/browser looks at it."""
    page = stranger(gateway).opens("/mihon/liff/form/everything/report")
    for trouble in ("refused", "expired"):
        section = re.search(rf'data-trouble="{trouble}".*?</section>', page.html, re.S)[0]
        assert "LINEのトークに戻ってください" in section
        assert "LINEで開きなおす" in section
        assert f'href="{gateway.platform}/{LIFF_ID}/form/everything/report"' in section


def test_secure_iff_https(make_city):
    town = make_city(city={"public_url": "https://line.city.example"})
    browser = stranger(town)
    post_token(browser, TestResident(town).id_token())
    assert next(iter(browser.cookies)).secure


def test_a_cookie_of_another_gateway_or_an_altered_one_is_worth_nothing(make_city, hanako):
    hanako.opens("/liff")
    cookie = next(one for one in hanako.browser.cookies if "liff" in one.name)
    kita = make_city(name="kita")
    for name, value in {
        "madoguchi-kita-liff": cookie.value,
        "madoguchi-mihon-liff": cookie.value,
    }.items():
        browser = Visitor(kita.pages_url)
        page = browser._go(f"{kita.pages_url}/kita/liff", headers={"cookie": f"{name}={value}"})
        assert 'data-place="entrance"' in page
    head, body, signature = cookie.value.split(".")
    for broken in (f"{head}.{body}.", f"{head}.{body}.{signature[::-1]}", "x", "..."):
        browser = Visitor(hanako.browser.base)
        given = {"cookie": f"madoguchi-mihon-liff={broken}"}
        page = browser._go(f"{browser.base}/mihon/liff", headers=given)
        assert 'data-place="entrance"' in page


@pytest.mark.parametrize("path", ["/liff", "/liff/", "/liff/form/everything/report"])
@pytest.mark.parametrize("query", ["", "?liff.state=%2Fform%2Feverything%2Freport", "?x=1&app=2"])
def test_r57_no_page_redirects_before_the_sdk_has_run(gateway, hanako, path, query):
    def opened(browser):
        page = browser.opens(f"/mihon{path}{query}")
        assert browser.url == f"{gateway.pages_url}/mihon{path}{query}", "redirected"
        return page

    for browser in (stranger(gateway), hanako.browser):
        page = opened(browser)
        assert page.status == 200
        assert re.search(r'data-liff-id="2000000002-mihon001"', page.html)
        assert 'data-place="inside"' in page or "data-waiting" in page
    known = "primary" if query.startswith("?liff") else "inside"
    assert f'data-place="{known}"' in opened(hanako.browser)


def test_r57_the_script_moves_nothing_before_init(gateway):
    script = (STATIC / "pages.js").read_text("utf-8")
    for word in ("pushState", "replaceState", "location.replace", "location.assign"):
        assert word not in script
    assert script.index("await start()") < script.index("location.reload")
    body = script[script.index("async function improve") :]
    assert body.index("await start()") < body.index("hx-boost") < body.index("load(htmxFile)")


def test_r58_the_entrance_tells_nobody_its_address(gateway, hanako):
    page = stranger(gateway).opens("/mihon/liff?liff.state=%2Fx&access_token=canary-token")
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "canary-token" not in page.html
    assert hanako.opens("/liff").headers["referrer-policy"] == "same-origin"


def test_r59_exactly_the_hosts_of_lines_sdk(make_city):
    town = make_city()
    policy = stranger(town).opens("/mihon/liff").headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "line.me" not in policy
    assert f"frame-ancestors {town.platform}" in policy
    # As in production: LINE's own hosts, which nothing here can reach (R67).
    from dataclasses import replace

    from starlette.responses import Response

    from madoguchi_liff.framing import Frame, protect

    own = town.running.services.city
    page = type("Own", (), {"gateway": replace(own, platform=None), "plugin": None})()
    policy = protect(Response(), page).headers["content-security-policy"]
    assert "script-src 'self' https://static.line-scdn.net;" in policy
    assert "frame-ancestors 'none'" in policy
    for host in ("api.line.me", "access.line.me", "liff.line.me", "liff-subwindow.line.me"):
        assert f"https://{host}" in policy
    page.plugin = town.running.services.plugins.all["liff"]
    sdk = Frame(page, "ja", "", LIFF_ID, False).sdk
    assert sdk == f"https://static.line-scdn.net/liff/edge/versions/{SDK}/sdk.js"


def test_r60_files_and_links_need_nothing_that_line_lacks(gateway, hanako):
    for path in ("", "/form/everything/report", "/form/everything/settings"):
        page = hanako.opens(f"/liff{path}")
        for word in (" download", "serviceWorker", "theme-color", 'target="_blank"'):
            assert word not in page.html


def test_r61_nothing_depends_on_sending_messages_for_the_resident():
    assert "sendMessages" not in (STATIC / "pages.js").read_text("utf-8")


def test_r62_a_page_can_be_opened_again_by_its_permanent_link(gateway):
    page = stranger(gateway).opens("/mihon/liff/form/everything/report?q=kind&x=1")
    link = f"{gateway.platform}/{LIFF_ID}/form/everything/report?q=kind"
    assert f'href="{link}"' in page


def test_r63_each_liff_app_initialises_with_its_own_id(make_city):
    ids = [LIFF_ID, "2000000003-review01"]
    town = make_city(city={"line": {"liff": ids}})
    opened = stranger(town).opens
    page = opened(f"/mihon/liff?app={ids[1]}")
    assert f'data-liff-id="{ids[1]}"' in page
    assert f'value="/mihon/liff?app={ids[1]}"' in page, "a change of language keeps it"
    for other in ("", "?app=9-foreign0", "?app="):
        assert f'data-liff-id="{ids[0]}"' in opened(f"/mihon/liff{other}")


def test_posts_of_other_sites_are_refused(gateway, hanako):
    hanako.opens("/liff/form/everything/report")
    form = next(one for one in read_forms(hanako.browser.page.html) if "report" in one.action)
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "", "origin": "https://evil.example"},
    ):
        for path in (form.action, SESSION, "/mihon/liff/session/end", "/mihon/liff/language"):
            sent = [*form.inputs, ("kind", "hole"), ("to", "en"), ("id_token", hanako.id_token())]
            page = hanako.browser.posts(path, sent, headers=headers)
            assert page.status == 403, (headers, path)
    assert "どんな不具合ですか" in hanako.opens("/liff/form/everything/report"), (
        "nothing was stored"
    )


def test_old_browsers_say_where_they_come_from(gateway, hanako):
    body = f"id_token={hanako.id_token()}".encode()
    for origin, status in ((gateway.pages_url, 200), ("null", 403), (None, 403)):
        headers = {"origin": origin} if origin else {}
        page = stranger(gateway)._go(f"{gateway.pages_url}{SESSION}", body, headers)
        assert page.status == status


def test_whoever_is_erased_is_nobody(gateway, hanako):
    from sqlalchemy import delete

    from madoguchi.tables import resident

    hanako.opens("/liff")
    assert 'data-place="inside"' in hanako.browser.page
    gateway.wait(gateway.running.store.write(lambda db: db.execute(delete(resident)) and None))
    assert 'data-place="entrance"' in hanako.browser._go(f"{gateway.pages_url}/mihon/liff")


def test_the_language_is_chosen_on_every_page_and_kept(gateway, hanako):
    browser = stranger(gateway)
    assert '<html lang="ja">' in browser.opens("/mihon/liff")
    assert '<html lang="en">' in browser.submits({}, "English")
    post_token(browser, hanako.id_token())
    assert "What you can do here" in browser.opens("/mihon/liff"), "kept when somebody is known"
    assert "What you can do here" in hanako.opens("/liff"), "for the resident, not the browser"
    easy = hanako.submits({}, "やさしい日本語")
    assert '<html lang="ja" class="easy">' in easy
    assert "<ruby>" in easy.html
    assert hanako.browser.url == f"{gateway.pages_url}/mihon/liff"


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/mihon/liff/../../x", "/mihon/liffy", ""]
)
def test_a_language_leads_back_to_our_own_pages_only(gateway, hanako, back):
    hanako.opens("/liff")
    hanako.browser.posts("/mihon/liff/language", [("to", "en"), ("back", back)])
    assert hanako.browser.url == f"{gateway.pages_url}/mihon/liff"


def test_a_shared_browser_can_be_left(gateway, hanako):
    hanako.opens("/liff")
    assert "終わりました" in hanako.submits({}, "このページを終わる")
    page = hanako.browser._go(f"{gateway.pages_url}/mihon/liff")
    assert 'data-place="entrance"' in page


def test_every_page_has_the_citys_name_telephone_and_hours(gateway, hanako):
    pages = [stranger(gateway).opens("/mihon/liff/x/y"), hanako.opens("/liff/nothing")]
    pages += [hanako.opens(f"/liff{path}") for path in ("", "/form/everything/report")]
    pages += [stranger(gateway).opens("/mihon/liff"), hanako.submits({}, "次へ")]
    for page in pages:
        for words in ("見本市", "0100-00-0000", "平日 8:30〜17:15"):
            assert words in page


def test_lines_keys_that_cannot_be_had_are_503(make_town, hanako):
    kita = make_town({"liff": {}}, {"line": {"platform": "http://127.0.0.1:9"}}, name="kita")
    page = Visitor(kita.pages_url).posts(
        "/kita/liff/session", [("id_token", hanako.id_token()), ("liff_id", LIFF_ID)]
    )
    assert (page.status, json.loads(page.html)) == (503, {"trouble": "unavailable"})


def test_files_are_compressed_and_kept_by_the_name_of_their_content(gateway, hanako):
    (css,) = re.findall(r'href="([^"]+style.css[^"]+)"', hanako.opens("/liff").html)
    for address, kept in ((css, True), (css.partition("?")[0], False)):
        asked = urllib.request.Request(f"{gateway.pages_url}{address}")
        asked.add_header("accept-encoding", "gzip")
        with urllib.request.urlopen(asked, timeout=30) as answer:
            assert answer.headers["content-encoding"] == "gzip"
            assert ("immutable" in answer.headers.get("cache-control", "")) == kept
            assert gzip.decompress(answer.read()) == (STATIC / "style.css").read_bytes()


def test_htmx_is_the_published_one():
    assert hashlib.sha256((shared.STATIC / "htmx.min.js").read_bytes()).hexdigest() == HTMX


def test_a_city_puts_its_own_template_before_ours(make_city, tmp_path):
    own = tmp_path / "mihon" / "templates" / "liff" / "home.html"
    own.parent.mkdir(parents=True)
    text = '{% extends "liff/base.html" %}{% block title %}x{% endblock %}'
    own.write_text(text + "{% block content %}<h1>市の入口</h1>{% endblock %}", "utf-8")
    assert "<h1>市の入口</h1>" in TestResident(make_city()).opens("/liff")


def test_a_page_says_whose_it_is_in_a_way_that_only_they_can_check(gateway, hanako):
    page = hanako.opens("/liff")
    salt, _, known = re.search(r'data-whose="([^"]+)"', page.html)[1].partition(".")
    assert known == hashlib.sha256(f"{salt}{hanako.user_id}".encode()).hexdigest()
    assert hanako.user_id not in page


def test_what_is_kept_can_be_read_by_everybody_before_anything_is_told(gateway, hanako):
    (link,) = [
        item["action"]["uri"]
        for item in hanako.greeting[0]["quickReply"]["items"]
        if item["action"]["label"] == "お預かりする情報"
    ]
    assert link == f"{gateway.pages_url}/mihon/liff/about"
    page = stranger(gateway).opens("/mihon/liff/about")
    assert page.status == 200
    for words in ("何のために", "いつまで", "だれが見るか"):
        assert words in page
