"""The texts for translators, and the addon in French."""

import re
from collections import Counter

import polib

from odoo.tests import TransactionCase, tagged
from odoo.tools.translate import code_translations

from odoo.addons.actionstep_quickbooks.dev import translations
from odoo.addons.actionstep_quickbooks.exceptions import CAUSES, DataError
from odoo.addons.actionstep_quickbooks.guides import GUIDES
from odoo.addons.actionstep_quickbooks.models.failure import describe
from odoo.addons.actionstep_quickbooks.models.guidance import describe_guide
from odoo.addons.actionstep_quickbooks.models.maps import Maps

from .common import ActionstepCase

MODULE = "actionstep_quickbooks"
FRENCH = translations.I18N / "fr.po"
# What must stand in a translation as in the text: placeholders, tags, what Odoo and
# we fill in, addresses, and the variables of addresses.
KEPT = re.compile(
    r"%\(\w+\)[sd]|%%|%[sd]|</?\w[^>]*>|{{[^}]*}}|{\w+}|https?://|[\n→…#]"
)


@tagged("post_install", "-at_install")
class TestTemplate(TransactionCase):
    def test_template_has_the_texts_of_the_sources(self):
        collected = _entries(polib.pofile(translations.collect(self.env)))
        stored = _entries(polib.pofile(translations.read(translations.POT)))
        mend = "`make pot` mends it; then translate what it added"
        self.assertEqual(set(collected) - set(stored), set(), f"not in .pot: {mend}")
        self.assertEqual(set(stored) - set(collected), set(), f"gone: {mend}")
        self.assertEqual(collected, stored, f"found in other places: {mend}")

    def test_collecting_tells_a_new_text(self):
        menu = self.env["ir.ui.menu"].create({"name": "Never Seen Before"})
        self.env["ir.model.data"].create(
            {
                "module": MODULE,
                "name": "menu_of_this_test",
                "model": menu._name,
                "res_id": menu.id,
            }
        )
        collected = polib.pofile(translations.collect(self.env))
        self.assertIn("Never Seen Before", _entries(collected))


@tagged("post_install", "-at_install")
class TestFrenchFile(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.french = polib.pofile(str(FRENCH))

    def test_french_has_every_text_and_no_other(self):
        template = polib.pofile(str(translations.POT))
        self.assertEqual(
            _entries(self.french), _entries(template), "`make pot` mends it"
        )

    def test_french_is_complete(self):
        empty = [entry.msgid for entry in self.french if not entry.msgstr]
        self.assertEqual(empty, [])
        unsure = [entry.msgid for entry in self.french if entry.fuzzy or entry.obsolete]
        self.assertEqual(unsure, [])

    def test_french_keeps_placeholders_and_tags(self):
        for entry in self.french:
            with self.subTest(text=entry.msgid):
                self.assertEqual(_kept(entry.msgstr), _kept(entry.msgid))

    def test_french_keeps_blanks_at_both_ends(self):
        for entry in self.french:
            with self.subTest(text=entry.msgid):
                self.assertEqual(_blanks(entry.msgstr), _blanks(entry.msgid))

    def test_merging_keeps_adds_and_removes(self):
        language, texts = polib.POFile(), polib.POFile()
        for file, pairs in (
            (language, [("Kept", "Gardé"), ("Gone", "Parti")]),
            (texts, [("Added", ""), ("Kept", "")]),
        ):
            file.extend(polib.POEntry(msgid=a, msgstr=b) for a, b in pairs)
        merged = translations.merge(language, texts)
        found = {entry.msgid: entry.msgstr for entry in merged}
        self.assertEqual(found, {"Added": "", "Kept": "Gardé"})


@tagged("post_install", "-at_install")
class TestFrench(ActionstepCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang("fr_FR")
        module = cls.env["ir.module.module"].search([("name", "=", MODULE)])
        module._update_translations("fr_FR")
        cls.french = cls.env(context={"lang": "fr_FR"})
        cls.user = cls.env.ref("base.user_admin")
        cls.user.lang = "fr_FR"

    def test_menus_and_buttons_are_french(self):
        menus = self.french["ir.ui.menu"].search(
            [("id", "child_of", self.env.ref(f"{MODULE}.menu_root").id)]
        )
        names = set(menus.mapped("name"))
        self.assertLessEqual({"À traiter", "Avoirs", "Dossiers", "Paiements"}, names)
        view = self.french["actionstep.connection"].get_view(view_type="form")
        self.assertIn('string="Synchroniser maintenant"', view["arch"])

    def test_selections_are_french(self):
        fields = self.french["actionstep.invoice"].fields_get(
            ["state", "failure_cause"]
        )
        self.assertEqual(dict(fields["state"]["selection"])["attention"], "À traiter")
        causes = dict(fields["failure_cause"]["selection"])
        self.assertEqual(causes["date_missing"], "Aucune date")

    def test_sentence_of_a_cause_is_french(self):
        error = DataError("number_too_long", values={"number": "F-1", "length": 30})
        self.assertEqual(
            describe(self.french, error),
            "QuickBooks accepte au plus 21 caractères dans un numéro de facture ou "
            "d'avoir\N{NO-BREAK SPACE}; F-1 en compte 30. Raccourcissez-le dans "
            "Actionstep.",
        )

    def test_every_cause_and_its_page_is_french(self):
        for cause in GUIDES:
            english = describe_guide(self.env(context={"lang": "en_US"}), cause)
            french = describe_guide(self.french, cause)
            with self.subTest(cause=cause):
                for text in ("title", "means", "why", "outcome"):
                    self.assertNotEqual(french[text], english[text])
                self.assertFalse(set(french["steps"]) & set(english["steps"]))
        self.assertEqual(set(GUIDES), set(CAUSES))

    def test_texts_of_widgets_are_french(self):
        web = code_translations.get_web_translations(MODULE, "fr_FR")
        texts = {row["id"]: row["string"] for row in web["messages"]}
        self.assertEqual(texts["Steps of the set-up"], "Étapes de la configuration")
        self.assertEqual(texts["1 document waits"], "1 document attend")

    def test_run_writes_in_the_language_of_the_responsible_user(self):
        connection = self._make_active(user_id=self.user.id)
        bill = self.firm.bills[0]
        self._edit_bill(bill.bill_id, number="X" * 22)
        self._run(connection)
        invoice = self._get_invoice(connection, bill.bill_id)
        self.assertEqual(invoice.failure_cause, "number_too_long")
        self.assertIn("accepte au plus 21 caractères", invoice.failure_message)
        self.assertIn("À traiter", self._get_notes(invoice)[0])

    def test_what_goes_to_quickbooks_is_not_in_the_language_of_who_looks(self):
        connection = self._make_active(detail_source="totals")
        income = connection.item_mapping_ids.account_id.filtered(
            lambda account: account.section == "income"
        )
        connection.totals_account_id = income[:1]
        self._run(connection)
        lines = [line for sent in self._get_sent() for line in sent["Line"]]
        self.assertIn("Professional services", lines[0]["Description"])
        looking = connection.with_context(lang="fr_FR")
        pushed = looking.invoice_ids.filtered(lambda one: one.state == "pushed")
        self.assertTrue(pushed)
        company = looking._get_company_value()
        self.assertFalse(looking._plan_documents(pushed, Maps(looking), company))


def _entries(file):
    """Return where each text of a file is found."""
    return {entry.msgid: (entry.comment, entry.occurrences) for entry in file}


def _kept(text):
    return Counter(re.sub(r"\s+", " ", found) for found in KEPT.findall(text))


def _blanks(text):
    return re.match(r"\s*", text)[0], re.search(r"\s*$", text)[0]
