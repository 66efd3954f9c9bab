"""`make pot`: write every text a translator may translate into `i18n/`."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from .setup import odoo, paths
from .setup.console import SetupError, main, run
from .setup.postgres import postgres

POT = paths.ROOT / "i18n" / f"{paths.ADDON}.pot"
ADDONS = paths.WORK / "pot"
DATES = re.compile(r'^"(POT-Creation|PO-Revision)-Date: .*\n', re.MULTILINE)


def export() -> int:
    """Write the addon's .pot file; one that would differ in its dates only stays."""
    new = paths.RUN / POT.name
    link_sources()
    with postgres() as server:
        odoo.write_config(server)
        with odoo.fresh_database(server) as database:
            run(
                [paths.PYTHON, "-m", "odoo", f"--addons-path={ADDONS}", "i18n"]
                + [
                    "export",
                    "-c",
                    paths.CONFIG,
                    "-d",
                    database,
                    "-o",
                    new,
                    paths.ADDON,
                ],
                what="The texts could not be collected.",
                way_out="see the lines above.",
                env=paths.environment(dict(os.environ)),
            )
    if not new.exists():
        raise SetupError("Odoo collected no texts.", "see .work/run/setup.log.")
    if not POT.exists() or DATES.sub("", read(new)) != DATES.sub("", read(POT)):
        POT.parent.mkdir(exist_ok=True)
        shutil.copyfile(new, POT)
    print(f"{POT.relative_to(paths.ROOT)}: {read(POT).count('msgid') - 1} texts")
    return 0


def link_sources() -> None:
    """Make an addons folder with links to the addon's own files only.

    Odoo follows links when it looks for texts, and `.work/addons` leads through the
    repository into `.work/` again, without end.
    """
    shutil.rmtree(ADDONS, ignore_errors=True)
    addon = ADDONS / paths.ADDON
    addon.mkdir(parents=True)
    for item in paths.ROOT.iterdir():
        if not item.name.startswith(".") and item.name not in odoo.NOT_INSTALLED:
            (addon / item.name).symlink_to(item)


def read(file: Path) -> str:
    """Return the text of `file`."""
    return file.read_text(encoding="utf-8")


if __name__ == "__main__":
    main(export)
