"""Odoo 19 itself: the reader's own, a Debian package, or Debian unstable's."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

from . import debian, paths, stamps
from .console import SetupError

SERIES = "19.0"
# The package lies here below the root it is unpacked over.
DIST_PACKAGES = Path("usr/lib/python3/dist-packages")
# Files of other packages that Debian's Odoo links to; without them the web client
# does not load. From the machine's own release, because unstable's FontAwesome 7
# names its files differently from what Odoo's style sheets ask for.
LINKED = (
    "fonts-font-awesome",
    "fonts-inconsolata",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)
LINKED_UNSTABLE = ("fonts-montserrat",)
# Debian removed this file for its licence, mail's bundle still names it: empty, it
# keeps an error out of every page.
REMOVED = "odoo/addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"


def wanted() -> str | None:
    """Return which Odoo the environment asks for, None when any will do."""
    if path := os.environ.get("ODOO_PATH"):
        return f"path {Path(path).expanduser().resolve()}"
    if deb := os.environ.get("ODOO_DEB"):
        return f"deb {Path(deb).expanduser().resolve()}"
    return None


def done() -> bool:
    """Tell whether Odoo is there, and is the one asked for."""
    origin, folder = _record()
    return wanted() in (None, origin) and bool(folder) and is_odoo(Path(folder))


def python_path() -> Path:
    """Return the folder from which `import odoo` gives the Odoo that was set up."""
    return Path(_record()[1])


def _record() -> list[str]:
    """Return where Odoo came from and its folder; two empty texts without one."""
    return (stamps.read("odoo") or "\n\n").splitlines()


def provide() -> None:
    """Set up the Odoo asked for and record where it is.

    One that was set up before stays until the new one is complete.
    """
    if path := os.environ.get("ODOO_PATH"):
        source, folder = wanted(), own_folder(Path(path))
    elif deb := os.environ.get("ODOO_DEB"):
        source, folder = wanted(), unpack_odoo(existing(Path(deb), "ODOO_DEB"))
    else:
        source, folder = "unstable", unpack_odoo(None)
    stamps.write("odoo", f"{source}\n{folder}")


def own_folder(path: Path) -> Path:
    """Return the folder to import the reader's own Odoo 19 from.

    `path` may be a source checkout, a site-packages folder, or the package itself.
    Raises `SetupError` when there is no Odoo 19 in it.
    """
    path = path.expanduser().resolve()
    folder = next((f for f in (path, path.parent) if is_odoo(f)), None)
    way_out = "ODOO_PATH is the folder that holds odoo/release.py of an Odoo 19."
    if folder is None:
        raise SetupError(f"There is no Odoo in {path}.", way_out)
    require_series(folder, way_out)
    return folder


def is_odoo(folder: Path) -> bool:
    """Tell whether `import odoo` works from `folder`."""
    return (folder / "odoo" / "release.py").exists()


def require_series(folder: Path, way_out: str) -> None:
    """Raise `SetupError` unless the Odoo in `folder` is version 19.0."""
    text = (folder / "odoo" / "release.py").read_text(encoding="utf-8")
    match = re.search(r"version_info = \(\D*(\d+), *(\d+)", text)
    series = ".".join(match.groups()) if match else "of an unknown version"
    if series != SERIES:
        raise SetupError(
            f"The addon is for Odoo {SERIES}; {folder} is {series}.", way_out
        )


def existing(file: Path, name: str) -> Path:
    """Return the file a variable names; raise `SetupError` when it is not there."""
    file = file.expanduser().resolve()
    if not file.is_file():
        raise SetupError(
            f"{name} names a file that does not exist: {file}",
            f"correct {name}, or leave it out to fetch Odoo from Debian unstable.",
        )
    return file


def unpack_odoo(deb: Path | None) -> Path:
    """Unpack Odoo's package `deb` with what it links to; fetch it when None.

    Everything is made in a folder beside and put in place at the end, so that an
    interrupted set-up leaves no half Odoo. Returns the folder to import from.
    """
    debian.require_tools()
    making = paths.WORK / "odoo.new"
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True)
    for package in [deb or fetch(making / "apt"), *fetch_linked(making / "apt")]:
        debian.unpack(package, making)
    shutil.rmtree(making / "apt", ignore_errors=True)
    folder = making / DIST_PACKAGES
    if not is_odoo(folder):
        raise SetupError(f"{deb} holds no Odoo.", debian.OTHER_WAYS)
    require_series(folder, debian.OTHER_WAYS)
    removed = folder / REMOVED
    removed.parent.mkdir(parents=True, exist_ok=True)
    removed.touch()
    # A second copy of the addons, which nothing reads.
    shutil.rmtree(folder / "addons", ignore_errors=True)
    stamps.forget("odoo")
    shutil.rmtree(paths.ODOO, ignore_errors=True)
    making.rename(paths.ODOO)
    return paths.ODOO / DIST_PACKAGES


def fetch(folder: Path) -> Path:
    """Download Odoo 19 from Debian unstable; fall back on `ODOO_DEB_FALLBACK`."""
    try:
        return debian.unstable(folder / "unstable").download("odoo-19")[0]
    except SetupError:
        fallback = os.environ.get("ODOO_DEB_FALLBACK")
        if not fallback:
            raise
        print(f"\n    the download failed, using {fallback}", end=" ", flush=True)
        return existing(Path(fallback), "ODOO_DEB_FALLBACK")


def fetch_linked(folder: Path) -> list[Path]:
    """Download the packages whose files Odoo's package links to."""
    files = debian.Apt(folder / "own").download(*LINKED)
    # Only a font of the website's text: worth no failure when unstable is away.
    try:
        files += debian.unstable(folder / "fonts").download(*LINKED_UNSTABLE)
    except SetupError:
        print("\n    without the font Montserrat", end=" ", flush=True)
    return files


def linked() -> bool:
    """Tell whether the virtual environment imports the Odoo that was set up."""
    return stamps.read("link") == str(python_path())


def link() -> None:
    """Make `import odoo` work in the virtual environment, and pip know of it."""
    site = next((paths.VENV / "lib").glob("python3.*/site-packages"))
    (site / "odoo.pth").write_text(f"{python_path()}\n", encoding="utf-8")
    info = site / f"odoo-{SERIES}.egg-info"
    info.mkdir(exist_ok=True)
    # OCA's wheels require odoo==19.0.*; Odoo is on no package index.
    (info / "PKG-INFO").write_text(
        f"Metadata-Version: 2.1\nName: odoo\nVersion: {SERIES}\n", encoding="utf-8"
    )
    stamps.write("link", str(python_path()))


def addon_linked() -> bool:
    """Tell whether Odoo finds this repository under the addon's technical name."""
    return paths.ADDON_LINK.is_symlink() and paths.ADDON_LINK.resolve() == paths.ROOT


def link_addon() -> None:
    """Link `.work/addons/actionstep_quickbooks` to the repository."""
    paths.ADDONS.mkdir(parents=True, exist_ok=True)
    paths.ADDON_LINK.unlink(missing_ok=True)
    paths.ADDON_LINK.symlink_to(Path("..") / "..", target_is_directory=True)
