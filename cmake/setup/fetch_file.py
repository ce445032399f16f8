#!/usr/bin/env python3
"""Fetches one file by its address; continues what broke; gives it its name only when its checksum is right.

    fetch_file.py [--unpack NAME] DEST DIGEST BYTES URL...

DIGEST is a SHA-256, or where nobody has published one an MD5; BYTES is 0 where the size is not known. The addresses
are tried one after the other. What has arrived lies in DEST.part: the next call continues it, with the same address
or another one. Addresses are http:// or https://; proxies and certificates are those of http_proxy, https_proxy,
no_proxy, REQUESTS_CA_BUNDLE. With --unpack DEST is a tar archive (.tar, .tgz, .tar.gz) and is replaced by what it
holds, in the same folder; a file that would lie elsewhere is an error; where NAME is in that folder already nothing
is done. Two calls at the same time wait for each other.

Exit codes: 0 done; 2 wrong arguments; 69 the network, the file or room on the disk is missing; 130 interrupted.
"""
import sys

sys.dont_write_bytecode = True  # leaves no __pycache__ in the checkout

import argparse
import contextlib
import errno
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import tarfile

from fetch_wheel import DEBIAN_PYTHON, UNAVAILABLE, NoRoom, Unavailable, need_room, receive, say, sha256_of, size

WAIT = (20, 60)  # seconds for a connection, and for the next bytes of an answer


def http_library():
    """The library that pip brings along, or the same one installed by itself, and its errors of a broken answer."""
    try:
        from pip._vendor import requests, urllib3
    except ImportError:
        import requests
        import urllib3
    return requests, urllib3.exceptions.HTTPError


class Answer:
    """A response whose bytes come as they were sent: some servers call a .gz file an encoding of what is in it, and the
    library would unpack it."""

    def __init__(self, response, errors):
        self.response, self.errors = response, errors
        self.status_code, self.reason, self.headers = response.status_code, response.reason, response.headers

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.response.close()

    def iter_content(self, chunk):
        try:
            yield from self.response.raw.stream(chunk, decode_content=False)
        except self.errors as error:
            raise OSError(in_short(error)) from error


def in_short(error):
    """What the library says of a failure, without the objects around it."""
    found = re.search(r"\[Errno -?\d+\] ([^'\")]+)", str(error))
    return found.group(1) if found else str(error).splitlines()[0][:200]


def open_with(session, url, errors):
    def open_at(start):
        wanted = {"Accept-Encoding": "identity"}
        if start:
            wanted["Range"] = f"bytes={start}-"
        try:
            return Answer(session.get(url, headers=wanted, stream=True, timeout=WAIT), errors)
        except OSError as error:
            raise OSError(in_short(error)) from error
    return open_at


def digest_of(path, like):
    """The checksum of a file by the method of another one."""
    if len(like) == 64:
        return sha256_of(path)
    digest = hashlib.md5(usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(1 << 16):
            digest.update(block)
    return digest.hexdigest()


def fetch_from(url, session, errors, dest, digest, count):
    part = dest + ".part"
    name = os.path.basename(dest)
    for attempt in (1, 2):
        if count and os.path.exists(part) and os.path.getsize(part) > count:
            os.remove(part)  # of another file
        if not count or not os.path.exists(part) or os.path.getsize(part) < count:
            receive(name, open_with(session, url, errors), part)
        length, actual = os.path.getsize(part), digest_of(part, digest)
        if actual == digest:
            os.replace(part, dest)
            return
        os.remove(part)  # pieces of two files, or a damaged one: once more from the beginning
    raise Unavailable(f"arrived twice as another file: {length} bytes with checksum {actual}, expected "
                      f"{count or 'a file'} with {digest}")


def fetch(urls, dest, digest, count):
    requests, errors = http_library()
    reasons = []
    with requests.Session() as session:
        for url in urls:
            try:
                fetch_from(url, session, errors, dest, digest, count)
                return
            except NoRoom:
                raise
            except Unavailable as error:
                reasons.append(f"  {url}: {error}")
    raise Unavailable(f"cannot fetch {os.path.basename(dest)}:\n" + "\n".join(reasons) + "\n"
                      "  with network again, call again: what has arrived is kept\n"
                      f"  or put the file by hand into {os.path.dirname(dest)}/")


def members_of(archive, folder):
    """Files and folders of an archive that lie in the folder; anything else is no data set's."""
    for member in archive:
        target = os.path.realpath(os.path.join(folder, member.name))
        if not (member.isfile() or member.isdir()) or os.path.commonpath([folder, target]) != folder:
            raise Unavailable(f"the archive holds '{member.name}', which is no file of the folder; nothing is unpacked")
        member.mode = 0o755 if member.isdir() else 0o644
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        yield member


def unpack(dest):
    folder = os.path.dirname(os.path.realpath(dest))
    partial = dest + ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)
    try:
        with tarfile.open(dest) as archive:
            members = list(members_of(archive, os.path.realpath(partial)))
            total = sum(member.size for member in members)
            need_room(folder, total, f"unpacking {os.path.basename(dest)}")
            say(f"  unpacking {len(members)} files, {size(total)}, into {folder}")
            for member in members:
                archive.extract(member, partial)
        for name in os.listdir(partial):
            there = os.path.join(folder, name)
            if os.path.isdir(there):
                shutil.rmtree(there)
            os.replace(os.path.join(partial, name), there)
    except (tarfile.TarError, EOFError) as error:
        raise Unavailable(f"{dest} is no archive that can be unpacked: {error}") from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    os.remove(dest)


def parse(arguments):
    parser = argparse.ArgumentParser(prog="fetch_file.py", usage="%(prog)s [--unpack NAME] DEST DIGEST BYTES URL...")
    parser.add_argument("--unpack", metavar="NAME",
                        help="DEST is a tar archive that holds NAME, replaced by what it holds")
    parser.add_argument("dest", metavar="DEST")
    parser.add_argument("digest", metavar="DIGEST")
    parser.add_argument("count", metavar="BYTES", type=int)
    parser.add_argument("urls", nargs="+", metavar="URL")
    options = parser.parse_args(arguments)
    if len(options.digest) not in (32, 64) or any(c not in "0123456789abcdef" for c in options.digest):
        parser.error(f"'{options.digest}' is neither SHA-256 nor MD5 in lower-case hexadecimal digits")
    for url in options.urls:
        if not url.startswith(("http://", "https://")):
            parser.error(f"'{url}' is neither http:// nor https://")
    return options


@contextlib.contextmanager
def alone_in(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("  another call is fetching; waiting for it")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def main(arguments):
    options = parse(arguments)
    dest = os.path.abspath(options.dest)
    folder = os.path.dirname(dest)
    os.makedirs(folder, exist_ok=True)
    with alone_in(folder):
        if options.unpack and os.path.exists(os.path.join(folder, options.unpack)):
            return
        if not os.path.exists(dest) or digest_of(dest, options.digest) != options.digest:
            fetch(options.urls, dest, options.digest, options.count)
        if options.unpack:
            unpack(dest)


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
