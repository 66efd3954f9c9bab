"""A browser page on which the administrator of a running Odoo has signed in."""

from __future__ import annotations

from collections.abc import Mapping

from playwright.sync_api import Page, Playwright


def sign_in(
    playwright: Playwright, program: str, url: str, size: Mapping[str, int]
) -> Page:
    """Start a browser and return its page; it ends with ``playwright``.

    :param program: the browser's own program
    :param size: of the window: width and height
    """
    arguments = ["--no-sandbox", "--disable-gpu"]
    chromium = playwright.chromium.launch(executable_path=program, args=arguments)
    page = chromium.new_page(viewport=dict(size), reduced_motion="reduce")
    page.goto(f"{url}/web/login")
    page.fill("input[name=login]", "admin")
    page.fill("input[name=password]", "admin")
    page.press("input[name=password]", "Enter")
    page.wait_for_selector(".o_main_navbar")
    return page
