"""Finds a wheel the way the user's pip would and opens it from any byte on.

pip itself cannot continue a broken download and cannot say where a file lies without fetching it. Its finder and its
session can: with them every setting of the user's pip holds (index, mirrors, find-links, proxies, certificates,
credentials). They are not a public interface of pip, so whoever calls this falls back to plain `pip download` where
this pip is built otherwise (InsidesChanged). Tried with pip 23.0 (Debian 12) and 23.2.
"""
import contextlib
import logging
import platform

# The wheels of LibTorch differ by Python only in files that are not unpacked; one fixed tag keeps the choice the same
# on every machine.
PYTHON = (3, 11)


class InsidesChanged(Exception):
    """This pip has other insides than the ones used here."""


class NotFound(Exception):
    """No index names such a wheel; carries what pip said on the way."""


class _Heard(logging.Handler):
    """Collects pip's warnings, and why it could not read an index, which pip itself keeps for its debug output."""

    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        text = record.getMessage().splitlines()[0]
        if record.levelno >= logging.WARNING or text.startswith("Could not fetch URL"):
            self.lines.append(text[:300])


def platforms():
    """Platform tags that run here, newest first: the machine's glibc and everything older."""
    machine = platform.machine()
    glibc = platform.libc_ver()[1] or "2.28"
    newest = int(glibc.split(".")[1])
    return [f"manylinux_2_{n}_{machine}" for n in range(newest, 16, -1)] + [f"manylinux2014_{machine}", f"linux_{machine}"]


def download_arguments(name, version):
    """The arguments of `pip download` that name the same wheel."""
    tags = [argument for tag in platforms() for argument in ("--platform", tag)]
    return ["--no-deps", "--only-binary=:all:", "--implementation", "cp", "--python-version",
            "%d.%d" % PYTHON, *tags, f"{name}=={version}"]


@contextlib.contextmanager
def located(name, version):
    """Yields (file name, sha256 or None, open) of the wheel, where open(start) begins an HTTP response at that byte
    (the server may answer from 0 instead). Raises NotFound or InsidesChanged."""
    heard = _Heard()
    log = logging.getLogger("pip")
    log.addHandler(heard)
    log.setLevel(logging.DEBUG)
    log.propagate = False
    try:
        try:
            from pip._internal.cli.cmdoptions import make_target_python
            from pip._internal.commands.download import DownloadCommand
            from pip._vendor.packaging.specifiers import SpecifierSet

            command = DownloadCommand("download", "")
            # no cache: pip's would keep a second copy of half a gigabyte
            options, _ = command.parse_args(["--no-cache-dir", "--dest", ".", *download_arguments(name, version)])
            context = command.main_context()
        except (ImportError, AttributeError, TypeError) as error:
            raise InsidesChanged(str(error)) from error
        with context:
            try:
                session = command.get_default_session(options)
                finder = command._build_package_finder(
                    options=options, session=session, target_python=make_target_python(options))
                best = finder.find_best_candidate(name, SpecifierSet("==" + version)).best_candidate
                link = best.link if best else None
                found = (link.filename, link.hash if link.hash_name == "sha256" else None) if link else None
            except (AttributeError, TypeError) as error:
                raise InsidesChanged(str(error)) from error
            if not found:
                places = options.find_links + ([] if options.no_index else [options.index_url] + options.extra_index_urls)
                raise NotFound("not found at " + (", ".join(places) or "any index") + "".join(
                    "\n    " + line for line in heard.lines[-1:]))

            def open_at(start):
                wanted = {"Accept-Encoding": "identity"}
                if start:
                    wanted["Range"] = f"bytes={start}-"
                return session.get(link.url_without_fragment, headers=wanted, stream=True)

            yield (*found, open_at)
    finally:
        log.removeHandler(heard)
