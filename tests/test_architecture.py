"""What the design promises about the code itself."""

import ast
import csv
import re
from pathlib import Path

from odoo.models import BaseModel
from odoo.tests import TransactionCase, tagged

from odoo.addons.actionstep_quickbooks import exceptions

ROOT = Path(exceptions.__file__).resolve().parent
MODULE = "actionstep_quickbooks"
# What each part may import of the others.
MAY_IMPORT = {
    "const": set(),
    "documents": set(),
    "exceptions": set(),
    "guides": set(),
    "clients": {"clients", "const", "documents", "exceptions"},
    "mappers": {"mappers", "const", "documents", "exceptions"},
    "models": {
        "models",
        "mappers",
        "clients",
        "const",
        "documents",
        "exceptions",
        "guides",
    },
    "controllers": {"controllers", "models", "const", "exceptions"},
    "wizards": {"wizards", "models", "const", "documents", "exceptions"},
}
# What a firm installs; the rest is for developers.
PRODUCT = tuple(MAY_IMPORT)
# Whatever opens a connection to somewhere else.
NETWORK = {
    "aiohttp",
    "ftplib",
    "http",
    "httpx",
    "intuitlib",
    "oauthlib",
    "quickbooks",
    "requests",
    "requests_oauthlib",
    "smtplib",
    "socket",
    "urllib3",
    "xmlrpc",
}
FAILURE_TYPES = {"config", "data", "transient", "auth", "bug"}


def product_files():
    """Return ``{path: part}`` of every Python file that a firm installs."""
    files = {}
    for part in PRODUCT:
        paths = [ROOT / f"{part}.py", *(ROOT / part).glob("**/*.py")]
        files |= {path: part for path in paths if path.exists()}
    return files


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def imports(path):
    """Yield each imported module as ``("odoo", "tools")`` or ``(".", "clients")``.

    The first part of an import of our own is a dot, whichever way it is written.
    """
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield own(tuple(alias.name.split(".")))
        elif isinstance(node, ast.ImportFrom):
            module = tuple((node.module or "").split(".")) if node.module else ()
            if not node.level:
                base = own(module)
            else:
                base = (".", *package[: len(package) - node.level + 1], *module)
            if not node.module or base in ((".",), ("odoo", "addons")):
                for alias in node.names:
                    yield own((*base, alias.name))
            else:
                yield base


def own(module):
    """Return an absolute import of our own as a relative one."""
    if module[:3] == ("odoo", "addons", MODULE):
        return (".", *module[3:])
    return module


@tagged("post_install", "-at_install")
class TestImports(TransactionCase):
    def test_imports_go_one_way(self):
        for path, part in product_files().items():
            for module in imports(path):
                if module[0] != "." or len(module) < 2:
                    continue
                with self.subTest(file=path.relative_to(ROOT), imports=module[1]):
                    self.assertIn(module[1], MAY_IMPORT[part])

    def test_clients_and_mappers_know_nothing_of_odoo(self):
        for path, part in product_files().items():
            if part not in ("clients", "mappers", "documents", "const"):
                continue
            with self.subTest(file=path.relative_to(ROOT)):
                self.assertNotIn("odoo", {module[0] for module in imports(path)})

    def test_only_clients_reach_the_network(self):
        for path, part in product_files().items():
            if part == "clients":
                continue
            with self.subTest(file=path.relative_to(ROOT)):
                roots = {module[0] for module in imports(path)}
                self.assertFalse(roots & NETWORK)
                self.assertNotIn(("urllib", "request"), set(imports(path)))

    def test_mappers_have_no_clock_and_no_chance(self):
        for path, part in product_files().items():
            if part != "mappers":
                continue
            with self.subTest(file=path.relative_to(ROOT)):
                roots = {module[0] for module in imports(path)}
                self.assertFalse(roots & {"time", "random", "uuid", "secrets", "os"})
                self.assertFalse(calls(path) & {"now", "today", "utcnow", "open"})

    def test_nothing_that_is_installed_uses_what_is_for_developers(self):
        root_files = [ROOT / "__init__.py", ROOT / "__manifest__.py"]
        for path in [*product_files(), *root_files]:
            with self.subTest(file=path.relative_to(ROOT)):
                parts = {module[1] for module in imports(path) if len(module) > 1}
                self.assertFalse(parts & {"dev", "tests"})
                self.assertFalse({m[0] for m in imports(path)} & {"dev", "tests"})

    def test_files_are_found_and_read(self):
        """Else the tests above would say nothing."""
        found = {part for part in product_files().values()}
        self.assertLessEqual({"clients", "mappers", "models", "controllers"}, found)
        oauth = set(imports(ROOT / "clients" / "oauth.py"))
        self.assertLessEqual(
            {("requests",), (".", "const"), (".", "clients", "transport")}, oauth
        )

    def test_each_model_file_is_loaded(self):
        for part in ("models", "controllers", "wizards"):
            loaded = {module[-1] for module in imports(ROOT / part / "__init__.py")}
            for path in (ROOT / part).glob("*.py"):
                defines_model = "_name = " in path.read_text(encoding="utf-8")
                if defines_model or "_inherit = " in path.read_text(encoding="utf-8"):
                    with self.subTest(file=path.name):
                        self.assertIn(path.stem, loaded)


def calls(path):
    """Return the names of all functions and methods that a file calls."""
    names = set()
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Call):
            function = node.func
            names.add(getattr(function, "attr", getattr(function, "id", "")))
    return names


@tagged("post_install", "-at_install")
class TestTransactions(TransactionCase):
    def test_nothing_commits_but_the_sync(self):
        """Through the scheduler's own method, which also tells how far the work is."""
        for path, part in product_files().items():
            if part == "clients":
                continue  # they have no transaction of Odoo
            with self.subTest(file=path.relative_to(ROOT)):
                self.assertNotIn("commit", calls(path))
                if path.name != "actionstep_connection_sync.py":
                    self.assertNotIn("_commit_progress", calls(path))

    def test_second_cursors_are_opened_for_tokens_and_turns_alone(self):
        for path in product_files():
            if path.name in ("actionstep_credential.py", "limiter.py"):
                continue
            opened = [
                node
                for node in ast.walk(parse(path))
                if isinstance(node, ast.Attribute)
                and node.attr == "cursor"
                and isinstance(node.value, ast.Attribute)
                and node.value.attr.endswith("registry")
            ]
            with self.subTest(file=path.relative_to(ROOT)):
                self.assertEqual(opened, [])


@tagged("post_install", "-at_install")
class TestManifest(TransactionCase):
    def test_each_data_file_is_listed_once_and_exists(self):
        manifest = ast.literal_eval((ROOT / "__manifest__.py").read_text("utf-8"))
        listed = manifest["data"]
        found = {
            str(path.relative_to(ROOT))
            for folder in ("security", "data", "views", "wizards", "report")
            for path in (ROOT / folder).glob("**/*")
            if path.suffix in (".xml", ".csv")
        }
        self.assertEqual(sorted(listed), sorted(found))
        self.assertEqual(listed[:3], sorted(listed[:3], key=listed.index))
        self.assertTrue(all(name.startswith("security/") for name in listed[:3]))
        self.assertEqual(listed[-1], "views/menus.xml")

    def test_each_asset_exists(self):
        manifest = ast.literal_eval((ROOT / "__manifest__.py").read_text("utf-8"))
        for bundle, names in manifest["assets"].items():
            for name in names:
                with self.subTest(bundle=bundle, name=name):
                    pattern = name.removeprefix(f"{MODULE}/")
                    self.assertTrue(list(ROOT.glob(pattern)))

    def test_libraries_are_named(self):
        manifest = ast.literal_eval((ROOT / "__manifest__.py").read_text("utf-8"))
        named = set(manifest["external_dependencies"]["python"])
        self.assertLessEqual({"python-quickbooks", "intuit-oauth"}, named)


@tagged("post_install", "-at_install")
class TestAccessFiles(TransactionCase):
    def _get_models(self):
        """Return our models that have a table."""
        return [
            name
            for name, model in self.env.registry.items()
            if model._original_module == MODULE and not model._abstract
        ]

    def test_each_model_has_an_access_line(self):
        with (ROOT / "security" / "ir.model.access.csv").open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        covered = {row["model_id:id"].removeprefix("model_") for row in rows}
        models = self._get_models()
        self.assertGreater(len(models), 15)
        self.assertEqual(covered, {name.replace(".", "_") for name in models})
        for row in rows:
            self.assertTrue(row["group_id:id"], f"{row['id']} is for everybody")

    def test_each_model_of_a_company_has_a_company_rule(self):
        for name in self._get_models():
            model = self.env[name]
            if "company_id" not in model._fields:
                self.assertIn(name, ("actionstep.credential", "actionstep.pace"))
                continue
            rules = self.env["ir.rule"].search([("model_id.model", "=", name)])
            with self.subTest(model=name):
                self.assertEqual(
                    rules.mapped("domain_force"),
                    ['[("company_id", "in", company_ids)]'],
                )
                self.assertFalse(rules.groups, "a rule of a group only widens")
                self.assertTrue(model._fields["company_id"].store)

    def test_each_menu_and_window_is_for_our_groups(self):
        root = self.env.ref(f"{MODULE}.menu_root")
        self.assertEqual(
            root.group_ids, self.env.ref(f"{MODULE}.group_user"), "open to everybody"
        )
        windows = self.env["ir.actions.act_window"].search(
            [("res_model", "in", self._get_models())]
        )
        self.assertGreater(len(windows), 10)
        paths = windows.filtered(lambda w: w.get_external_id()[w.id]).mapped("path")
        self.assertTrue(all(paths))


@tagged("post_install", "-at_install")
class TestCauses(TransactionCase):
    """Everything that can go wrong has a title and a sentence with a way out."""

    def test_each_cause_has_a_title_a_sentence_and_a_type(self):
        for key, cause in exceptions.CAUSES.items():
            title, sentence = str(cause.title), str(cause.sentence)
            with self.subTest(cause=key):
                self.assertIn(cause.failure_type, FAILURE_TYPES)
                self.assertTrue(2 < len(title) <= 40, title)
                self.assertFalse(title.endswith("."))
                self.assertTrue(sentence.endswith("."), sentence)
                self.assertGreater(len(sentence.split()), 5)
                sentence % _Anything()  # placeholders have names

    def test_each_cause_that_the_code_names_exists(self):
        classes = {
            name
            for name, value in vars(exceptions).items()
            if isinstance(value, type) and issubclass(value, exceptions.SyncError)
        }
        named = set()
        for path in product_files():
            for node in ast.walk(parse(path)):
                if isinstance(node, ast.Call) and node.args:
                    function = getattr(node.func, "id", getattr(node.func, "attr", ""))
                    first = node.args[0]
                    if function in classes and isinstance(first, ast.Constant):
                        named.add(first.value)
                    if function == "Fault" and len(node.args) == 2:
                        named.add(node.args[1].value)
        self.assertGreater(len(named), 20)
        self.assertLessEqual(named, set(exceptions.CAUSES))

    def test_selection_of_causes_reads_as_titles(self):
        field = self.env["actionstep.invoice"]._fields["failure_cause"]
        selection = dict(field._description_selection(self.env))
        self.assertEqual(selection.keys(), exceptions.CAUSES.keys())
        self.assertEqual(selection["account_unmapped"], "Account is not mapped")


class _Anything(dict):
    def __missing__(self, key):
        return "x"


@tagged("post_install", "-at_install")
class TestPublicMethods(TransactionCase):
    """Whatever has no underscore can be called from outside."""

    # Each is called as every kind of user in `test_security`.
    KNOWN = {
        "action_check_reporting",
        "action_check_setup",
        "action_confirm",
        "action_connect_actionstep",
        "action_connect_quickbooks",
        "action_cure",
        "action_disconnect_actionstep",
        "action_disconnect_quickbooks",
        "action_hold",
        "action_leave",
        "action_open",
        "action_open_in_actionstep",
        "action_open_in_quickbooks",
        "action_load_lists",
        "action_open_checks",
        "action_open_documents",
        "action_open_invoices",
        "action_open_attention",
        "action_open_credit_notes",
        "action_open_payments",
        "action_open_mapping",
        "action_pause",
        "action_preview",
        "action_push_now",
        "action_refresh_lists",
        "action_release",
        "action_requeue",
        "action_resume",
        "action_stop",
        "action_sync_now",
        "action_take_back",
        "action_try_again",
        "action_turn_on",
        "get_map_panel",
        "action_unlink",
    }

    def test_no_method_is_public_by_accident(self):
        found = set()
        for model in self.env.registry.values():
            for base in model.__mro__:
                if not base.__module__.startswith(f"odoo.addons.{MODULE}.models"):
                    continue
                found |= {
                    name
                    for name, value in vars(base).items()
                    if callable(value)
                    and not name.startswith("_")
                    and not hasattr(BaseModel, name)
                }
        self.assertEqual(found, self.KNOWN)

    def test_routes_ask_for_a_user(self):
        source = "\n".join(
            path.read_text(encoding="utf-8")
            for path, part in product_files().items()
            if part == "controllers"
        )
        routes = re.findall(r"http\.route\((.*?)\n    \)", source, re.DOTALL)
        self.assertTrue(routes)
        for route in routes:
            self.assertIn('auth="user"', route)
            self.assertNotIn("cors", route)
            self.assertNotIn("csrf=False", route)
