"""The documentation inside of Odoo: a page for each cause."""

import re

from odoo.tests import HttpCase, new_test_user, tagged

from odoo.addons.actionstep_quickbooks.exceptions import CAUSES
from odoo.addons.actionstep_quickbooks.guides import CURES, GUIDES
from odoo.addons.actionstep_quickbooks.models.guidance import describe_guide

PATH = "/actionstep_quickbooks/help"


@tagged("post_install", "-at_install")
class TestHelp(HttpCase):
    def setUp(self):
        super().setUp()
        group = "actionstep_quickbooks.group_user"
        new_test_user(self.env, "ulla", groups=group)
        self.authenticate("ulla", "ulla")

    def _read(self, path):
        answer = self.url_open(f"{PATH}{path}")
        self.assertEqual(answer.status_code, 200)
        return re.sub(r"\s+", " ", answer.text)

    def test_list_leads_to_the_page_of_every_cause(self):
        text = self._read("")
        linked = re.findall(rf'href="{PATH}/(\w+)"', text)
        self.assertEqual(set(linked), set(CAUSES))

    def test_page_says_what_why_what_to_do_and_what_then(self):
        text = self._read("/account_unmapped")
        for part in (
            "Account is not mapped",
            "Why it happens",
            "What to do",
            "<li>Press Map This Account: the account is filled in.</li>",
            "What happens then",
            "every run looks at these documents again",
        ):
            self.assertIn(part, text)

    def test_page_of_a_cause_that_is_none_is_not_there(self):
        for name in ("nothing", "__init__", "<b>"):
            self.assertEqual(self.url_open(f"{PATH}/{name}").status_code, 404)

    def test_stranger_is_asked_to_sign_in(self):
        self.authenticate(None, None)
        answer = self.url_open(f"{PATH}/account_unmapped", allow_redirects=False)
        self.assertIn("/web/login", answer.headers["Location"])

    def test_every_guide_is_short_and_whole(self):
        for cause in CAUSES:
            page = describe_guide(self.env, cause)
            with self.subTest(cause=cause):
                for text in (
                    page["means"],
                    page["why"],
                    page["outcome"],
                    *page["steps"],
                ):
                    self.assertTrue(text.endswith("."), text)
                    self.assertNotIn("%(", text)
                    self.assertLess(len(text), 260)
                self.assertLessEqual(1, len(page["steps"]))
                self.assertLessEqual(len(page["steps"]), 5)
                self.assertTrue(page["cure"] or page["none"])

    def test_steps_name_the_button_as_it_reads(self):
        """A step that says "press X" names the cure, or a button that is elsewhere."""
        elsewhere = {
            "Requeue",
            "Hold",
            "Release",
            "Unlink",
            "Reconnect",
            "Connect",
            "Check",
            "Resume",
            "Sync Now",
            "Refresh Lists",
            "Leave in QuickBooks",
            "Download Template",
            "Cancel",
            "Open in QuickBooks",
        }
        for cause, guide in GUIDES.items():
            cure = guide.cure and str(CURES[guide.cure].label)
            known = tuple(filter(None, {*elsewhere, cure}))
            for step in map(str, guide.steps):
                for rest in re.split(r"[Pp]ress (?=[A-Z])", step)[1:]:
                    with self.subTest(cause=cause, step=step):
                        self.assertTrue(rest.startswith(known))
