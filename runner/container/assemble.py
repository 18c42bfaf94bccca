"""Put an image's file system together, inside the base image: `python3.11 -I assemble.py CONTEXT OUT HOME PACKAGE...`.

An image is what this file lists: the files of a few Debian packages and of what they depend on, of the PACKAGEs its
commands need besides, Python, and below HOME its locked wheels and the runner, where CONTEXT has it. Standard library
only, since it runs before anything is installed.
"""

from __future__ import annotations

import compileall
import configparser
import os
import py_compile
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

# A shell and the tools scripts expect of one; getent and time zones; what compiled wheels link to.
PACKAGES = ("base-files", "dash", "coreutils", "findutils", "grep", "sed", "libc-bin", "tzdata", "libstdc++6")
PYTHON_PACKAGES = ("python3.11-minimal", "libpython3.11-stdlib")  # where Debian's own Python is the base's
# Needed while packages are installed or configured, never by their programs.
NEVER = frozenset({"debconf", "debconf-2.0", "perl-base", "dpkg", "debianutils", "libc-l10n", "mawk"})
# Left out of packages: other languages, manuals, and everything a build would want.
LEFT_OUT = re.compile(
    r"/usr/share/(?:man|info|locale|lintian|bug|bash-completion|doc-base|doc/(?!.*/copyright$))"
    r"|/usr/(?:local/)?lib/python3\.11/(?:ensurepip|idlelib|lib2to3|tkinter|test|turtledemo|config-[^/]*)(?:/|$)"
    r"|/(?:site|dist)-packages/|/__pycache__(?:/|$)"
)
# Programs that Metaflow starts its tasks with, made where a wheel names them; no other of the wheels' is wanted.
PROGRAMS = ("download-gcp-object",)
DPKG = Path("/var/lib/dpkg")
LOCAL_PYTHON = Path("/usr/local")  # where Python's own images have it
USER = 65532


def main(context: Path, out: Path, home: Path, besides: list[str]) -> None:
    """Write everything below `out`."""
    local = LOCAL_PYTHON / "bin/python3.11"
    roots = {*PACKAGES, *besides, *(() if local.exists() else PYTHON_PACKAGES)}
    interpreter = local if local.exists() else Path("/usr/bin/python3.11")
    for name in ("bin", "sbin", "lib", "lib64"):  # links into /usr
        if (Path("/") / name).is_symlink():
            out.mkdir(parents=True, exist_ok=True)
            (out / name).symlink_to(os.readlink(f"/{name}"))
    if local.exists():
        copied = [*_tree(LOCAL_PYTHON / "lib"), local]
        roots |= _owners(_libraries(copied))
        for path in copied:
            _copy(path, out)
    for package in sorted(_closure(roots)):
        for path in _files_of(package):
            _copy(path, out)
    _libraries_of_its_own(context, out, home, interpreter)
    _system(out)
    _compile(out)
    _finish(out)


def _installed() -> dict[str, set[str]]:
    """Every installed package and what it depends on, the first of alternatives."""
    packages: dict[str, set[str]] = {}
    for paragraph in (DPKG / "status").read_text(encoding="utf-8").split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", paragraph, re.MULTILINE))
        if "Package" in fields and fields.get("Status", "").endswith(" installed"):
            needed = f"{fields.get('Pre-Depends', '')},{fields.get('Depends', '')}"
            packages[fields["Package"]] = {
                re.split(r"[ :(|]", item.strip())[0] for item in needed.split(",") if item.strip()
            }
    return packages


def _closure(roots: set[str]) -> set[str]:
    """The packages, and all they need at run time."""
    installed, found, left = _installed(), set[str](), list(roots)
    if missing := roots - installed.keys():
        sys.exit(f"the base image lacks {', '.join(sorted(missing))}")
    while left:
        package = left.pop()
        if package not in found and package in installed and package not in NEVER:
            found.add(package)
            left.extend(installed[package])
    return found


def _lists() -> Iterator[Path]:
    return (DPKG / "info").glob("*.list")


def _files_of(package: str) -> Iterator[Path]:
    for listing in _lists():
        if listing.stem.partition(":")[0] == package:
            yield from (Path(line) for line in listing.read_text().splitlines() if line != "/.")


def _owners(paths: set[Path]) -> set[str]:
    """The packages that files belong to."""
    return {
        listing.stem.partition(":")[0]
        for listing in _lists()
        if paths & {_real(Path(line)) for line in listing.read_text().splitlines()}
    }


def _libraries(files: list[Path]) -> set[Path]:
    """The libraries that programs and extension modules load."""
    programs = [str(path) for path in files if path.suffix == ".so" or os.access(path, os.X_OK)]
    said = subprocess.run(["ldd", *programs], capture_output=True, text=True).stdout
    return {_real(Path(path)) for path in re.findall(r"(/\S+) \(0x", said)}


def _tree(top: Path) -> list[Path]:
    return [path for path in sorted(top.rglob("*")) if not path.is_dir() or path.is_symlink()]


def _real(path: Path) -> Path:
    """The path with its directory's links followed: packages say /bin where /usr/bin is meant."""
    return path.parent.resolve() / path.name


def _copy(path: Path, out: Path) -> None:
    source = _real(path)
    if LEFT_OUT.search(str(source)) or not os.path.lexists(source):
        return
    target = out / source.relative_to("/")
    if source.is_dir() and not source.is_symlink():
        target.mkdir(parents=True, exist_ok=True)
    elif not os.path.lexists(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)


def _libraries_of_its_own(context: Path, out: Path, place: Path, interpreter: Path) -> None:
    """An environment of the image's own, so that a team's command gets none of the runner's libraries."""
    home = out / place.relative_to("/")
    modules = home / "lib/python3.11/site-packages"
    modules.mkdir(parents=True)
    (home / "bin").mkdir()
    for name in ("python3.11", "python3", "python"):
        (home / "bin" / name).symlink_to(interpreter)
    (home / "pyvenv.cfg").write_text(
        f"home = {interpreter.parent}\ninclude-system-site-packages = false\nversion = 3.11\n"
    )
    for wheel in sorted((context / "wheels").glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(modules)
    for name, module, function in _entry_points(modules):
        if name in PROGRAMS:
            script = home / "bin" / name
            script.write_text(
                f"#!{place}/bin/python\nimport sys\nfrom {module} import {function}\nsys.exit({function}())\n"
            )
            script.chmod(0o755)
    if (context / "runner").is_dir():
        shutil.copytree(context / "runner", modules / "runner")


def _entry_points(modules: Path) -> Iterator[tuple[str, str, str]]:
    """(program, module, function) of the console scripts that wheels name."""
    for file in sorted(modules.glob("*.dist-info/entry_points.txt")):
        parser = configparser.ConfigParser(delimiters=("=",))
        parser.optionxform = str  # type: ignore[assignment]
        parser.read(file, encoding="utf-8")
        if parser.has_section("console_scripts"):
            for name, target in parser.items("console_scripts"):
                module, _, function = target.partition(":")
                yield name, module.strip(), function.split("[")[0].strip()


def _system(out: Path) -> None:
    """Accounts, the directories a run writes to, and the loader's cache."""
    etc = out / "etc"
    (etc / "passwd").write_text(
        f"root:x:0:0:root:/root:/usr/sbin/nologin\nrunner:x:{USER}:{USER}:runner:/work:/usr/sbin/nologin\n"
    )
    (etc / "group").write_text(f"root:x:0:\nrunner:x:{USER}:\n")
    if not os.path.lexists(out / "bin/sh"):
        (out / "bin/sh").symlink_to("dash")
    for name, mode in (("work", 0o755), ("tmp", 0o1777), ("proc", 0o555), ("sys", 0o555), ("dev", 0o755)):
        (out / name).mkdir(exist_ok=True)
        (out / name).chmod(mode)
    os.chown(out / "work", USER, USER)
    subprocess.run(["ldconfig", "-X", "-r", str(out)], check=True)
    shutil.rmtree(out / "var/cache/ldconfig", ignore_errors=True)  # its content depends on times


def _compile(out: Path) -> None:
    """Byte code beside every module: the root is read-only, and compiling at each start would cost seconds."""
    done = compileall.compile_dir(
        str(out),
        maxlevels=30,
        quiet=2,
        force=True,
        stripdir=str(out),
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not done:
        print("some modules do not compile; they are kept as they are", file=sys.stderr)


def _finish(out: Path) -> None:
    """No setuid or setgid file, nothing that others may write."""
    for path in out.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode):
            path.chmod(stat.S_IMODE(mode) & 0o755)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
