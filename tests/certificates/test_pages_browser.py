"""The check in a real browser: words, no script, nobody else asked, readable by everybody."""

from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from certificates.models import Certificate
from tests.common.test_browser_docs import browser_page
from tests.common.test_browser_docs import pytestmark as needs_browser
from tests.factories.certificates import CertificateFactory, attended
from tests.factories.events import EventFactory

pytestmark = [
    *(mark for mark in needs_browser if mark.name != "django_db"),
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]

# The contrast of every text on the page with the first background behind it, by WCAG 2.2.
CONTRASTS = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length < 4 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  return [...document.querySelectorAll('body *')]
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
    .map((e) => {
      const pair = [light(parse(getComputedStyle(e).color)), light(behind(e))];
      return (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    });
}"""
UNNAMED_FIELDS = """() => [...document.querySelectorAll('input')]
  .filter((input) => !document.querySelector(`label[for=${input.id}]`)).length"""


@pytest.fixture
def pages():
    """The path of a page in each state, with what its heading says."""
    event = EventFactory(completed=True, title="Advances in Anaesthesia")
    valid, revoked, old = (
        CertificateFactory(
            registration=attended(event=event, full_name=name), **facts
        ).verification_code
        for name, facts in (
            ("Ada Valid", {"ready": True}),
            ("Ben Revoked", {"revoked": True, "ready": True}),
            ("Cleo Replaced", {"status": "superseded"}),
        )
    )
    replaced = Certificate.objects.get(verification_code=old)
    CertificateFactory(registration=replaced.registration, supersedes=replaced)
    today = timezone.now()
    return {
        "valid": (f"/verify/{valid}/", "This certificate is valid"),
        "revoked": (
            f"/verify/{revoked}/",
            f"This certificate was revoked on {today.day} {today:%B %Y}",
        ),
        "superseded": (f"/verify/{old}/", "This certificate was replaced by a corrected one"),
        "unknown": ("/verify/ABCDEFGH/", "No certificate found"),
        "form": ("/verify/", "Check a certificate"),
    }


@pytest.mark.parametrize("state", ["valid", "revoked", "superseded", "unknown", "form"])
def test_the_page_says_its_status_and_asks_nobody_else(live_server, pages, state):
    path, words = pages[state]

    with browser_page() as (page, seen):
        page.goto(f"{live_server.url}{path}")
        heading = page.inner_text("h1")
        headings = page.locator("h1").count()
        landmarks = [page.locator(name).count() for name in ("header", "main", "footer")]
        language = page.get_attribute("html", "lang")
        contrasts = page.evaluate(CONTRASTS)
        unnamed = page.evaluate(UNNAMED_FIELDS)

    # A browser reports the 404 of the page itself on its console.
    problems = [text for text in seen.problems if "status of 404" not in text]
    assert (heading, headings, landmarks) == (words, 1, [1, 1, 1])
    assert (seen.hosts, problems) == ({urlsplit(live_server.url).netloc}, [])
    assert (language, unnamed) == ("en", 0)
    assert min(contrasts) >= 4.5


@pytest.mark.parametrize("state", ["valid", "revoked", "superseded", "unknown"])
def test_the_page_works_without_script(live_server, pages, state):
    path, words = pages[state]

    with browser_page(java_script_enabled=False) as (page, _):
        page.goto(f"{live_server.url}{path}")
        heading = page.inner_text("h1")

    assert heading == words


def test_the_code_is_typed_and_found_with_the_keyboard_alone(live_server, pages):
    with browser_page(java_script_enabled=False) as (page, _):
        page.goto(f"{live_server.url}/verify/")
        page.keyboard.press("Tab")
        skip = page.inner_text(":focus")
        page.focus("#code")
        page.keyboard.type("abcd-efgh")
        page.keyboard.press("Enter")
        page.wait_for_url("**/verify/abcd-efgh/")
        heading = page.inner_text("h1")

    assert (skip, heading) == ("Skip to the result", "No certificate found")


def test_focus_is_visible(live_server, pages):
    with browser_page() as (page, _):
        page.goto(f"{live_server.url}/verify/")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")

    assert outline == "3px"


def test_the_page_fits_a_phone_and_prints_on_one_sheet(live_server, pages, tmp_path):
    path, _ = pages["valid"]

    with browser_page(viewport={"width": 320, "height": 640}) as (page, _seen):
        page.goto(f"{live_server.url}{path}")
        width = page.evaluate("document.documentElement.scrollWidth")
        page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)

    from pypdf import PdfReader

    assert width == 320
    assert len(PdfReader(tmp_path / "page.pdf").pages) == 1
