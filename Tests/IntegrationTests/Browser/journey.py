"""The whole way in a real browser. Arguments: Chromium, portal, CRM and partner origins, password, folder for pictures.

Exits 0 when every step was as it should be; else the failing step is on standard error.
"""
import re
import sys
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright, expect

chromium, portal, crm, partners, password, pictures = sys.argv[1:]
WCAG = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}


def sign_in(page, name, secret=password):
    page.locator("input[name=username]").fill(name)
    page.locator("input[name=password]").fill(secret)
    page.locator("button[type=submit]").click()


def without_javascript(browser):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{crm}/leads?id=7&b=2")
    assert page.url.startswith(f"{portal}/login?"), page.url
    expect(page.get_by_text("Customer Relations")).to_be_visible()
    sign_in(page, "alice", "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page).to_have_title(re.compile("^Error:"))
    assert page.locator("input[name=username]").input_value() == "alice"
    assert page.locator("input[name=password]").input_value() == ""
    sign_in(page, "ALICE")
    expect(page).to_have_url(f"{crm}/leads?id=7&b=2")
    expect(page.get_by_text("hello")).to_be_visible()
    refused = page.goto(f"{partners}/partners/brightline/")
    assert refused.status == 403, refused.status
    expect(page.locator(".reference")).to_be_visible()
    page.go_back()
    page.goto(f"{portal}/")
    expect(page.get_by_role("link", name="Customer Relations")).to_be_visible()
    cookies = context.cookies()
    assert {"gatehouse"} <= {cookie["name"] for cookie in cookies}
    for cookie in cookies:
        assert cookie["httpOnly"] and cookie["sameSite"] == "Lax" and cookie["path"] == "/", cookie
    page.get_by_role("button", name="Sign out").click()
    expect(page.locator("input[name=password]")).to_be_visible()
    context.clear_cookies()
    context.add_cookies(cookies)
    page.goto(f"{crm}/")
    assert page.url.startswith(f"{portal}/login?"), "an old cookie is alive: " + page.url
    context.close()


def by_keyboard(browser):
    """Also the proof that the policy of the page lets the form lead to the application's origin."""
    context = browser.new_context(color_scheme="dark", viewport={"width": 320, "height": 640})
    page = context.new_page()
    complaints = []
    # The application's own icon may be refused; what must not be is anything that the page's policy speaks about.
    page.on("console", lambda message: complaints.append(message.text) if "Policy" in message.text else None)
    page.goto(f"{partners}/partners/brightline/reports")
    page.keyboard.type("pia@nordwind.example")
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{partners}/partners/brightline/reports")
    assert not complaints, complaints
    width = page.goto(f"{portal}/") and page.evaluate("document.documentElement.scrollWidth")
    assert width <= 320, f"the launcher needs {width} px"
    context.close()


def accessible(browser):
    for scheme in ("light", "dark"):
        context = browser.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{crm}/leads")
        judge(page, f"sign-in ({scheme})")
        page.screenshot(path=f"{pictures}/sign-in-{scheme}.png")
        sign_in(page, "alice", "wrong")
        expect(page.get_by_role("alert")).to_be_visible()
        judge(page, f"sign-in with an error ({scheme})")
        sign_in(page, "alice")
        expect(page).to_have_url(f"{crm}/leads")
        for name, url in (
            ("launcher", f"{portal}/"), ("denied", f"{partners}/x"), ("sign-out", f"{portal}/logout"),
            ("sign-out of an application", f"{crm}/.gatehouse/sign-out"), ("not found", f"{portal}/nowhere"),
        ):
            page.goto(url)
            judge(page, f"{name} ({scheme})")
        context.close()


def judge(page, name):
    found = Axe().run(page, options=WCAG)
    assert found.violations_count == 0, f"{name}:\n{found.generate_report()}"


with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
    for step in (without_javascript, by_keyboard, accessible):
        step(browser)
        print(f"{step.__name__}: good")
    browser.close()
