from hypothesis import example, given, settings
from hypothesis import strategies as st

from odoo.tests import BaseCase

from odoo.addons.actionstep_quickbooks import const
from odoo.addons.actionstep_quickbooks.mappers.names import (
    contains_reference,
    display_name,
    distinct_name,
    matter_name,
    name_key,
    one_line,
    plain_text,
)

PROPERTY = settings(derandomize=True, deadline=None, database=None, max_examples=300)
LIMIT = const.QUICKBOOKS_NAME_LENGTH

# What breaks naive cleaning, mixed with any text, lone surrogates included.
awkward = st.text(
    alphabet=st.one_of(
        st.sampled_from("aB9é:ß \t\n\r\u00a0\u2028\u200d()-'\"&\\,.\x00\x85\ufeff"),
        st.sampled_from("e\u0301\ufa6c\U0001f600\U0001d400\U00020bb7\ud800\uf0b7"),
        st.characters(),
    ),
    max_size=260,
)
ids = st.integers(min_value=1, max_value=10**9).map(str)


class TestDisplayName(BaseCase):
    def assertAccepted(self, name):
        """Assert that QuickBooks takes the name as it is."""
        self.assertTrue(name)
        self.assertLessEqual(len(name), LIMIT)
        self.assertEqual(name, " ".join(name.split()))
        for character in name:
            self.assertNotIn(character, ":\t\n\r")
            self.assertTrue(0x20 <= ord(character) <= 0xFFFF, name)
            self.assertFalse(0x7F <= ord(character) <= 0x9F, name)
        name.encode("utf-8")

    def test_names_of_real_firms(self):
        for text, expected in (
            ("Smith, Jane", "Smith, Jane"),
            ("  Smith   Jane ", "Smith Jane"),
            ("Estate of: J. Doe", "Estate of - J. Doe"),
            ("Acme:West", "Acme - West"),
            ("Acme :: West", "Acme - West"),
            (":Acme:", "Acme"),
            ("Smith\tJane\r\nTrust", "Smith Jane Trust"),
            ("Smith\u00a0Jane\u2028Trust", "Smith Jane Trust"),
            ('O\'Brien & "Sons" \\ Co', 'O\'Brien & "Sons" \\ Co'),
            ("Björk Guðmundsdóttir", "Björk Guðmundsdóttir"),
            ("Re\u0301my", "R\u00e9my"),
            ("Nul\x00 and\x1b bell\x07", "Nul and bell"),
            ("Happy \U0001f600 Dog", "Happy Dog"),
            ("Happy\U0001f600Dog", "Happy Dog"),
            ("\U0001d400\U0001d401 Ltd", "AB Ltd"),
            ("\U00020bb7野家", "野家"),
            ("Zero\u200bWidth\ufeff", "ZeroWidth"),
            ("Lone \ud83d half", "Lone half"),
            ("Name (964)", "Name (964)"),
        ):
            with self.subTest(text=text):
                self.assertEqual(display_name(text, "7"), expected)
                self.assertAccepted(expected)

    def test_a_name_without_letters_is_the_client_number(self):
        for text in ("", "  ", ":", "\U0001f600", "\t\n", "...", "\u200d", "---"):
            with self.subTest(text=text):
                self.assertEqual(display_name(text, "964"), "Client 964")

    def test_the_limit_is_kept_and_the_ending_in_brackets_survives(self):
        self.assertEqual(display_name("x" * 99 + " y", "1"), "x" * 99)
        self.assertEqual(display_name("x" * 100, "1"), "x" * 100)
        name = display_name("x" * 120 + " (964)", "1")
        self.assertEqual(name, "x" * 94 + " (964)")

    def test_distinct_name_adds_the_id_within_the_limit(self):
        self.assertEqual(distinct_name("Smith", "964"), "Smith (964)")
        self.assertEqual(distinct_name("Smith (964)", "964"), "Smith (964)")
        self.assertEqual(distinct_name("x" * 100, "964"), "x" * 94 + " (964)")
        self.assertEqual(distinct_name("x" * 93 + " yyyyyy", "964")[-7:], "x (964)")
        self.assertEqual(distinct_name("", "964"), "Client 964 (964)")

    def test_two_long_names_stay_apart_by_their_ids(self):
        long = "Trustees of the Family Trust " * 6
        first, second = display_name(long + "A", "1"), display_name(long + "B", "2")
        self.assertEqual(name_key(first), name_key(second))
        self.assertNotEqual(distinct_name(first, "1"), distinct_name(second, "2"))

    def test_a_matter_is_named_by_its_id_and_its_name(self):
        for text, expected in (
            ("Purchase of 5 High Street", "2011 Purchase of 5 High Street"),
            (" Sale:\tWest\nWing ", "2011 Sale - West Wing"),
            ("", "Matter 2011"),
            ("---", "Matter 2011"),
            ("\U0001f600", "Matter 2011"),
            ("2011", "2011 2011"),
            ("x" * 100, "2011 " + "x" * 95),
        ):
            with self.subTest(text=text):
                self.assertEqual(matter_name(text, "2011"), expected)
                self.assertAccepted(expected)
        # one matter billed to two clients
        distinct = distinct_name(matter_name("x" * 100, "2011"), "506")
        self.assertEqual(distinct, "2011 " + "x" * 89 + " (506)")

    @PROPERTY
    @given(awkward, ids)
    def test_a_matters_name_is_always_accepted_and_keeps_the_id(self, text, matter_id):
        name = matter_name(text, matter_id)
        self.assertAccepted(name)
        self.assertIn(matter_id, name.split())

    def test_name_key_compares_as_quickbooks_does(self):
        for one, other in (
            ("Smith", "SMITH"),
            (" Smith  Jane", "smith jane "),
            ("MÜLLER", "müller"),
            ("STRASSE", "Straße"),
            ("Re\u0301my", "r\u00e9my"),
        ):
            with self.subTest(one=one):
                self.assertEqual(name_key(one), name_key(other))
        self.assertNotEqual(name_key("Remy"), name_key("Rémy"))
        self.assertNotEqual(name_key("Smith Jane"), name_key("SmithJane"))

    @PROPERTY
    @given(awkward, ids)
    @example("a" * 99 + ": b", "1")
    @example("a" * 97 + " : b (12)", "1")
    @example("\U0001d41e\u0301", "1")
    def test_any_name_is_accepted_and_stable(self, text, participant_id):
        name = display_name(text, participant_id)
        self.assertAccepted(name)
        self.assertEqual(display_name(name, participant_id), name)

    @PROPERTY
    @given(awkward, ids)
    def test_any_distinct_name_is_accepted_and_stable(self, text, participant_id):
        name = distinct_name(display_name(text, participant_id), participant_id)
        self.assertAccepted(name)
        self.assertTrue(name.endswith(f" ({participant_id})"))
        self.assertEqual(distinct_name(name, participant_id), name)
        self.assertEqual(display_name(name, participant_id), name)

    @PROPERTY
    @given(awkward)
    def test_the_key_is_stable_and_blind_to_space_at_the_ends(self, text):
        name = display_name(text, "1")
        self.assertEqual(name_key(name_key(name)), name_key(name))
        self.assertEqual(name_key(f"  {name} \t"), name_key(name))


class TestPlainText(BaseCase):
    def test_lines_stay_and_unreadable_signs_go(self):
        for text, expected in (
            ("Call with client", "Call with client"),
            ("One\r\nTwo\rThree", "One\nTwo\nThree"),
            ("One\u2028Two", "One\nTwo"),
            ("  Tab\tand  space  ", "Tab and space"),
            ("Done \U0001f44d today", "Done today"),
            ("\uf0b7 Bullet", "Bullet"),
            ("Nul\x00, soft\u00adhyphen", "Nul, softhyphen"),
            ("Tom: “quoted” – 5 €", "Tom: “quoted” – 5 €"),
            ("\n\n", ""),
        ):
            with self.subTest(text=text):
                self.assertEqual(plain_text(text, 100), expected)

    def test_what_is_cut_is_marked(self):
        self.assertEqual(plain_text("abcdef", 6), "abcdef")
        self.assertEqual(plain_text("abcdefg", 6), "abcde…")
        self.assertEqual(plain_text("abcd efgh", 6), "abcd…")
        self.assertEqual(one_line("ab\ncd\nef", 6), "ab cd…")

    @PROPERTY
    @given(awkward, st.integers(min_value=1, max_value=120))
    def test_any_text_is_within_the_limit_and_stable(self, text, limit):
        plain = plain_text(text, limit)
        self.assertLessEqual(len(plain), limit)
        self.assertEqual(plain_text(plain, limit), plain)
        self.assertTrue(all(ord(sign) <= 0xFFFF for sign in plain))
        self.assertTrue(all(sign == "\n" or sign >= " " for sign in plain))
        plain.encode("utf-8")


class TestContainsReference(BaseCase):
    def test_the_reference_counts_as_a_whole_word_only(self):
        for text, expected in (
            ("bill-12", True),
            ("bill-12\nMatters: 5", True),
            ("Please pay. Ref bill-12.", True),
            ("(bill-12)", True),
            ("bill-123", False),
            ("bill-12-3", False),
            ("bill-12.1", False),
            ("mybill-12", False),
            ("re-bill-12", False),
            ("bill 12", False),
            ("", False),
        ):
            with self.subTest(text=text):
                self.assertIs(contains_reference(text, "bill-12"), expected)

    def test_white_space_in_the_reference_may_have_changed(self):
        self.assertTrue(
            contains_reference("Actionstep  bill\n12", "Actionstep bill 12")
        )
        self.assertFalse(contains_reference("Actionstep bill 1", "Actionstep bill 12"))

    def test_no_reference_is_never_found(self):
        self.assertFalse(contains_reference("anything", ""))
        self.assertFalse(contains_reference("anything", "  "))

    def test_signs_of_patterns_have_no_meaning_in_a_reference(self):
        self.assertTrue(contains_reference("[a+b]*", "[a+b]*"))
        self.assertFalse(contains_reference("aab", "a+b"))
