"""`make pot`: write every text a translator may translate into `i18n/`.

Each language that is there gets the new texts, empty, and loses those that are gone.
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path
from typing import Any
from unittest.mock import patch

import polib

from .setup import odoo, paths
from .setup.console import SetupError, main
from .setup.postgres import postgres

I18N = paths.ROOT / "i18n"
POT = I18N / f"{paths.ADDON}.pot"
DATES = re.compile(r'^"(POT-Creation|PO-Revision)-Date: .*\n', re.MULTILINE)
SCRIPT = """
from pathlib import Path
from odoo.addons.{addon}.dev.translations import collect
Path({file!r}).write_text(collect(env), encoding="utf-8")
"""


def export() -> int:
    """Write the addon's .pot file, and bring the .po files up to it."""
    new = paths.RUN / POT.name
    new.unlink(missing_ok=True)
    script = SCRIPT.format(addon=paths.ADDON, file=str(new))
    what = "The texts could not be collected."
    with postgres() as server:
        odoo.write_config(server)
        with odoo.fresh_database(server) as database:
            odoo.run_odoo(["shell", "-d", database], what, stdin=script)
    if not new.exists():
        raise SetupError(what, "see .work/run/setup.log.")
    I18N.mkdir(exist_ok=True)
    POT.write_text(read(new), encoding="utf-8")
    texts = polib.pofile(str(POT))
    print(f"{POT.relative_to(paths.ROOT)}: {len(texts)} texts")
    for file in sorted(I18N.glob("*.po")):
        language = merge(polib.pofile(str(file)), texts)
        language.save(str(file))
        done = len(language.translated_entries())
        print(f"{file.relative_to(paths.ROOT)}: {done} of them translated")
    return 0


def collect(env: Any) -> str:
    """Return the addon's texts as a .pot file without dates.

    :param env: an environment of a database with the addon as it is now
    """
    # Both are only there inside of Odoo.
    from odoo.tools.translate import (  # noqa: PLC0415
        TranslationFileWriter,
        TranslationModuleReader,
    )

    import odoo.addons  # noqa: PLC0415

    class Reader(TranslationModuleReader):
        """Looks through our links only.

        Odoo follows links when it looks for texts, and `.work/addons` leads through
        the repository into `.work/` again, without end.
        """

        def _export_translatable_resources(self) -> None:
            self._path_list = [(folder, True)]
            super()._export_translatable_resources()

    buffer = io.BytesIO()
    with tempfile.TemporaryDirectory(dir=paths.RUN) as folder:
        link_sources(Path(folder))
        # Odoo opens no file outside of these.
        with patch.object(odoo.addons, "__path__", [*odoo.addons.__path__, folder]):
            reader = Reader(env.cr, modules=[paths.ADDON])
        TranslationFileWriter(buffer, "po").write_rows(reader)
    return DATES.sub("", buffer.getvalue().decode())


def merge(language: polib.POFile, texts: polib.POFile) -> polib.POFile:
    """Return a language with just these texts, in their order."""
    known = {entry.msgid: entry.msgstr for entry in language}
    merged = polib.POFile()
    merged.header, merged.metadata = language.header, language.metadata
    for text in texts:
        merged.append(
            polib.POEntry(
                msgid=text.msgid,
                msgstr=known.get(text.msgid, ""),
                comment=text.comment,
                occurrences=text.occurrences,
            )
        )
    return merged


def link_sources(folder: Path) -> None:
    """Make links in an empty folder to what a firm installs of the addon."""
    addon = folder / paths.ADDON
    addon.mkdir()
    for item in paths.ROOT.iterdir():
        if not item.name.startswith(".") and item.name not in odoo.NOT_INSTALLED:
            (addon / item.name).symlink_to(item)


def read(file: Path) -> str:
    """Return the text of `file`."""
    return file.read_text(encoding="utf-8")


if __name__ == "__main__":
    main(export)
