"""The pages people see, in a real browser: they render, and ask nobody else for anything."""

import os
import shutil
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from tests.factories.accounts import PASSWORD

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
IN_CI = os.environ.get("CI") == "true"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(not shutil.which(CHROMIUM) and not IN_CI, reason="needs Debian's chromium"),
]


class Seen:
    """What a page asked for and complained about."""

    def __init__(self, page):
        self.hosts, self.problems = set(), []
        page.on("request", lambda request: self.hosts.add(urlsplit(request.url).netloc))
        page.on("console", lambda line: self.problems.append(line.text) if self._bad(line) else 0)
        page.on("pageerror", lambda error: self.problems.append(str(error)))

    @staticmethod
    def _bad(line):
        return line.type == "error"


@contextmanager
def browser_page(**context):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_context(**context).new_page()
        yield page, Seen(page)
        browser.close()


def test_the_documentation_renders_and_asks_no_other_host(live_server):
    with browser_page() as (page, seen):
        page.goto(f"{live_server.url}/api/docs/")
        page.wait_for_selector(".opblock-tag", timeout=30_000)
        title = page.inner_text(".info .title")
        page.click("#operations-tag-billing .opblock-tag, [id^=operations-tag-billing]")
        page.wait_for_selector(".opblock-summary", timeout=10_000)
        operations = page.locator(".opblock-summary").count()

    assert title.startswith("CPD Platform API")
    assert operations > 0
    assert (seen.hosts - {""}, seen.problems) == ({urlsplit(live_server.url).netloc}, [])


def test_the_browsable_page_renders_and_asks_no_other_host(live_server, settings):
    settings.DEBUG = True

    with browser_page() as (page, seen):
        page.goto(f"{live_server.url}/api/v1/billing/plans/")
        page.wait_for_selector(".response-info")
        brand = page.inner_text(".navbar-brand")
        docs = page.get_attribute(".navbar-nav a", "href")
        shown = page.inner_text(".response-info")

    assert (brand, docs) == ("CPD Events", "/api/docs/")
    assert '"count": ' in shown
    assert (seen.hosts, seen.problems) == ({urlsplit(live_server.url).netloc}, [])


def test_a_person_signs_in_looks_around_and_signs_out(live_server, organizer):
    with browser_page() as (page, seen):
        page.goto(f"{live_server.url}/api-auth/login/?next=/api/v1/events/")
        page.fill("[name=username]", organizer.email)
        page.fill("[name=password]", PASSWORD)
        page.click("[type=submit]")
        page.wait_for_selector(".response-info")
        address, shown = page.url, page.inner_text(".navbar-nav")
        forms = page.locator("form[method=POST], form[method=post]").count()
        page.click(".sign-out button")
        page.wait_for_load_state()
        page.goto(f"{live_server.url}/api/v1/events/")
        refused = page.inner_text("body")

    assert address == f"{live_server.url}/api/v1/events/"
    assert organizer.full_name in shown
    assert forms > 1
    assert "NOT_AUTHENTICATED" in refused
    assert seen.hosts == {urlsplit(live_server.url).netloc}
    assert [problem for problem in seen.problems if "401" not in problem] == []


def test_the_landing_page_fits_a_phone(live_server):
    with browser_page(viewport={"width": 360, "height": 640}) as (page, seen):
        page.goto(live_server.url)
        heading = page.inner_text("h1")
        width = page.evaluate("document.documentElement.scrollWidth")

    assert (heading, width) == ("Continuing professional development", 360)
    assert (seen.hosts, seen.problems) == ({urlsplit(live_server.url).netloc}, [])
