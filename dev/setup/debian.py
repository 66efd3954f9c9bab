"""Debian packages without root and without touching the system.

An apt of our own (own lists, no caches) downloads them from the mirror this
machine is set to; `dpkg -x` unpacks them into a folder.
"""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

from .console import SetupError, run

KEYRINGS = (
    "/usr/share/keyrings/debian-archive-keyring.pgp",
    "/usr/share/keyrings/debian-archive-keyring.gpg",
)
OTHER_WAYS = (
    "name an Odoo 19 you have, ODOO_PATH=/folder/of/odoo, or a file of Debian's "
    "package odoo-19, ODOO_DEB=/path/odoo-19_all.deb, and run it again."
)


class Apt:
    """An apt with its own state in `folder`, for one list of sources."""

    def __init__(self, folder: Path, source: str | None = None) -> None:
        """Use the machine's own sources, or the one line `source`."""
        self.folder = folder
        (folder / "lists" / "partial").mkdir(parents=True, exist_ok=True)
        self.options = [
            *("-o", f"Dir::State::lists={folder / 'lists'}"),
            *("-o", "Dir::Cache::pkgcache="),
            *("-o", "Dir::Cache::srcpkgcache="),
            *("-o", "Acquire::Languages=none"),
            *("-o", "Acquire::Retries=2"),
            # Root's downloads would otherwise run as a user without access here.
            *("-o", "APT::Sandbox::User=root"),
        ]
        if source:
            sources = folder / "sources.list"
            sources.write_text(source + "\n", encoding="utf-8")
            self.options += ["-o", f"Dir::Etc::sourcelist={sources}"]
            self.options += ["-o", "Dir::Etc::sourceparts=/dev/null"]

    def download(self, *packages: str) -> list[Path]:
        """Update the lists, download `packages` and return the files."""
        for words in (["update", "--error-on=any"], ["download", *packages]):
            run(
                ["apt-get", *self.options, "-q", *words],
                what=f"Debian packages could not be downloaded: {', '.join(packages)}.",
                way_out=f"check that `apt-get update` works here, or {OTHER_WAYS}",
                cwd=self.folder,
            )
        return sorted(self.folder.glob("*.deb"))


def require_tools() -> None:
    """Raise `SetupError` where apt or dpkg is missing."""
    missing = [name for name in ("apt-get", "dpkg") if not shutil.which(name)]
    if missing:
        raise SetupError(
            "Odoo 19 is fetched as a Debian package, and this machine has no "
            f"{' and no '.join(missing)}.",
            "name an Odoo 19 you have: ODOO_PATH=/folder/of/odoo make setup",
        )


def unstable(folder: Path) -> Apt:
    """Return an apt for Debian unstable on the mirror this machine uses.

    Raises `SetupError` where the machine's sources name no Debian mirror.
    """
    keyring = next((f"[signed-by={k}] " for k in KEYRINGS if Path(k).exists()), "")
    mirrors = _mirrors()
    if not mirrors:
        raise SetupError(
            "This machine's apt sources name no Debian mirror to fetch Odoo 19 from.",
            OTHER_WAYS,
        )
    return Apt(folder, f"deb {keyring}{mirrors[0]} sid main")


def _mirrors() -> list[str]:
    """Return the Debian archives among the machine's apt sources, in their order."""
    listing = run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)"]
        + ["Created-By: Packages"],
        what="apt's sources could not be read.",
        way_out=OTHER_WAYS,
    )
    codename = platform.freedesktop_os_release().get("VERSION_CODENAME", "")
    suites = {codename, "stable", "testing", "sid", "unstable"} - {""}
    found = []
    for line in listing.splitlines():
        uri, release, component = line.split()
        if component == "main" and release in suites and _is_debian(uri):
            found.append(uri)
    return list(dict.fromkeys(found))


def _is_debian(uri: str) -> bool:
    """Tell Debian's own archive from others that use Debian's names of suites."""
    return uri.rstrip("/").endswith("/debian")


def unpack(package: Path, root: Path) -> None:
    """Unpack a .deb over the folder `root`."""
    run(
        ["dpkg", "-x", package, root],
        what=f"{package} could not be unpacked.",
        way_out="check the disk's free space and that the file is a Debian package.",
    )
