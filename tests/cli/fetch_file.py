"""cmake/setup/fetch_file.py against a server on the loopback that breaks connections, refuses, lies or answers late.

Prints "ok NAME" or "FAILED NAME: reason" for each case, as tests/cli/fetch_wheel.py does.
"""
import hashlib
import http.server
import importlib.util
import io
import os
import signal
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
import traceback

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../cmake/setup/fetch_file.py")
CONTENT = os.urandom(1_500_000)
PIECE = 1 << 16  # the most that is lost where a connection breaks


def digest_of(content):
    return hashlib.sha256(content).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """files: path -> content; cut: bytes after which the next answers break off; refuse: status codes of the next
    answers; ranges: whether it knows ranges, "wrong": answers with another place; encoding: of a .gz as some servers
    have it; lengths: whether it says how much comes; asked: (path, Range) of every request."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.files, self.cut, self.refuse, self.asked = {"/file.bin": CONTENT}, [], [], []
        self.ranges, self.encoding, self.lengths, self.delay, self.moved = True, None, True, 0, {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """A client that was interrupted breaks its pipe."""


class Answer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        server = self.server
        path = self.path
        if path.startswith("http://"):  # asked as a proxy
            path = "/" + path.split("/", 3)[3]
        server.asked.append((self.path, self.headers.get("Range")))
        if server.refuse:
            self.send_error(server.refuse.pop(0))
            return
        if path in server.moved:
            self.send_response(302)
            self.send_header("Location", server.moved[path])
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if path not in server.files:
            self.send_error(404)
            return
        content = server.files[path]
        asked = self.headers.get("Range")
        start = int(asked[len("bytes="):-1]) if asked and server.ranges else 0
        if start >= len(content) and start:
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        if start:
            told = 0 if server.ranges == "wrong" else start
            self.send_header("Content-Range", f"bytes {told}-{len(content) - 1}/{len(content)}")
        if server.encoding:
            self.send_header("Content-Encoding", server.encoding)
        if server.lengths:
            self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        body = content[start:]
        if server.cut:
            body = body[:server.cut.pop(0)]
        for at in range(0, len(body), PIECE):
            self.wfile.write(body[at:at + PIECE])
            time.sleep(server.delay)


class Space:
    """A folder to work in, a server, and a call of the script with nothing of the user's own proxies."""

    def __init__(self, folder):
        self.folder, self.server = folder, Server()
        self.dest = os.path.join(folder, "data/set/file.bin")
        self.part = self.dest + ".part"

    def url(self, path="/file.bin"):
        return f"http://127.0.0.1:{self.server.server_port}{path}"

    def start(self, *words, **extra):
        kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        # started in the background by others, this process would pass on a SIGINT that is ignored
        return subprocess.Popen([sys.executable, SCRIPT, *words], env={**kept, **extra}, stderr=subprocess.PIPE,
                                text=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def call(self, *urls, content=CONTENT, unpack=(), **extra):
        words = (*unpack, self.dest, digest_of(content), str(len(content)), *(urls or [self.url()]))
        process = self.start(*words, **extra)
        return process.wait(timeout=60), process.stderr.read()

    def whole(self, content=CONTENT):
        with open(self.dest, "rb") as file:
            assert file.read() == content, "the file differs"
        assert os.listdir(os.path.dirname(self.dest)) == ["file.bin"], os.listdir(os.path.dirname(self.dest))

    def arrived(self, content):
        os.makedirs(os.path.dirname(self.dest))
        with open(self.part, "wb") as file:
            file.write(content)


def fetches_and_does_nothing_again(space):
    code, text = space.call()
    assert code == 0, text
    space.whole()
    code, text = space.call()
    assert code == 0 and text == "" and len(space.server.asked) == 1, (text, space.server.asked)


def broken_connection_is_taken_up_again(space):
    space.server.cut = [400_000, 300_000]
    code, text = space.call()
    assert code == 0, text
    first, second = (int(asked[len("bytes="):-1]) for _, asked in space.server.asked[1:])
    assert 400_000 - PIECE < first <= 400_000 and 300_000 - PIECE < second - first <= 300_000, space.server.asked
    space.whole()


def half_a_download_of_an_earlier_call_is_continued(space):
    space.arrived(CONTENT[:700_000])
    code, text = space.call()
    assert code == 0 and space.server.asked == [("/file.bin", "bytes=700000-")], (text, space.server.asked)
    space.whole()


def a_whole_part_asks_nobody(space):
    space.arrived(CONTENT)
    code, text = space.call()
    assert code == 0 and space.server.asked == [], text
    space.whole()


def interrupted_call_continues(space):
    space.server.delay = 0.05
    process = space.start(space.dest, digest_of(CONTENT), str(len(CONTENT)), space.url())
    while process.poll() is None and (not os.path.exists(space.part) or os.path.getsize(space.part) < 3 * PIECE):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=10) == 130
    assert "what has arrived is kept" in process.stderr.read()
    assert not os.path.exists(space.dest)
    space.server.delay = 0
    code, text = space.call()
    assert code == 0 and space.server.asked[1][1], (text, space.server.asked)
    space.whole()


def server_without_ranges_begins_anew(space):
    space.server.cut, space.server.ranges = [400_000], False
    code, text = space.call()
    assert code == 0, text
    space.whole()


def server_that_answers_another_place_is_not_believed(space):
    space.arrived(CONTENT[:700_000])
    space.server.ranges = "wrong"
    code, text = space.call()
    assert code == 69 and "asked for bytes from 700000 on and gives those from 0" in text, text
    assert os.path.getsize(space.part) == 700_000


def truncated_without_a_length_is_noticed(space):
    space.server.lengths, space.server.cut = False, [500_000, 500_000]
    code, text = space.call()
    assert code == 69 and "arrived twice as another file: 500000 bytes" in text, text
    assert not os.path.exists(space.dest) and not os.path.exists(space.part)


def pieces_of_another_file_are_thrown_away(space):
    space.arrived(b"another file" * 1000)
    code, text = space.call()
    ranges = [asked for _, asked in space.server.asked]
    assert code == 0 and ranges == ["bytes=12000-", None], (text, ranges)
    space.whole()


def wrong_checksum_is_refused(space):
    code, text = space.call(content=CONTENT[:-1] + b"?")
    assert code == 69 and "arrived twice as another file" in text and digest_of(CONTENT) in text, text
    assert not os.path.exists(space.dest) and not os.path.exists(space.part)


def damaged_file_under_its_name_is_fetched_again(space):
    space.arrived(b"")
    with open(space.dest, "wb") as file:
        file.write(CONTENT[:-5])
    code, text = space.call()
    assert code == 0, text
    space.whole()


def missing_file_is_said_and_the_next_address_tried(space):
    code, text = space.call(space.url("/none"))
    assert code == 69 and "404 Not Found" in text, text
    assert "put the file by hand into " + os.path.dirname(space.dest) in text, text
    assert len(space.server.asked) == 1, "a file that is not there was asked for again"
    code, text = space.call(space.url("/none"), space.url())
    assert code == 0, text
    space.whole()


def md5_without_a_size_will_do(space):
    digest = hashlib.md5(CONTENT).hexdigest()
    space.server.cut = [400_000]
    process = space.start(space.dest, digest, "0", space.url())
    assert process.wait(timeout=60) == 0, process.stderr.read()
    space.whole()
    process = space.start(space.dest + "2", digest[::-1], "0", space.url())
    assert process.wait(timeout=60) == 69 and "expected a file with " + digest[::-1] in process.stderr.read()


def busy_server_is_asked_again(space):
    space.server.refuse = [503, 429, 500]
    code, text = space.call()
    assert code == 0 and len(space.server.asked) == 4, (text, space.server.asked)
    space.whole()


def redirects_are_followed(space):
    space.server.moved = {"/old": "/older", "/older": "/file.bin"}
    code, text = space.call(space.url("/old"))
    assert code == 0, text
    space.whole()
    space.server.moved = {"/old": "/old"}
    os.remove(space.dest)
    code, text = space.call(space.url("/old"))
    assert code == 69 and "Traceback" not in text, text


def proxies_of_the_environment_are_used(space):
    proxy = f"http://127.0.0.1:{space.server.server_port}"
    code, text = space.call("http://data.invalid/file.bin", http_proxy=proxy)
    assert code == 0 and space.server.asked == [("http://data.invalid/file.bin", None)], (text, space.server.asked)
    space.whole()
    os.remove(space.dest)
    code, text = space.call(http_proxy="http://127.0.0.1:9", no_proxy="127.0.0.1")
    assert code == 0, text
    space.whole()


def bytes_stay_as_they_are_sent(space):
    import gzip
    content = gzip.compress(CONTENT, 1)
    space.server.files["/file.bin"], space.server.encoding = content, "gzip"
    code, text = space.call(content=content)
    assert code == 0, text
    space.whole(content)


def nobody_there_is_said(space):
    code, text = space.call("http://127.0.0.1:9/file.bin")
    assert code == 69 and "Traceback" not in text and "with network again, call again" in text, text


def full_disk_is_said_and_nothing_has_a_name(space):
    os.makedirs(os.path.dirname(space.dest))
    os.symlink("/dev/full", space.part)
    code, text = space.call()
    assert code == 69 and "the disk is full" in text and "Traceback" not in text, text
    assert not os.path.exists(space.dest)


def disk_that_is_too_small_is_said_before(space):
    code, text = space.call(content=CONTENT, **{"PYTHONPATH": shim(space, "import shutil\n"
        "shutil.disk_usage = lambda folder: type('Usage', (), {'free': 1000})\n")})
    assert code == 69 and "no room for the download of file.bin" in text, text


def shim(space, text):
    """A folder for PYTHONPATH whose code runs before the script."""
    folder = os.path.join(space.folder, "shim")
    os.makedirs(folder)
    with open(os.path.join(folder, "sitecustomize.py"), "w") as file:
        file.write(text)
    return folder


def archive_of(*members):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for member, content in members:
            info = tarfile.TarInfo(member) if isinstance(member, str) else member
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def archives_are_unpacked_beside_themselves(space):
    content = archive_of(("set/a/1.txt", b"one"), ("set/2.txt", b"two"))
    space.server.files["/file.bin"] = content
    code, text = space.call(content=content, unpack=("--unpack", "set"))
    folder = os.path.dirname(space.dest)
    assert code == 0 and os.listdir(folder) == ["set"], (text, os.listdir(folder))
    with open(os.path.join(folder, "set/a/1.txt")) as file:
        assert file.read() == "one"
    code, text = space.call(content=content, unpack=("--unpack", "set"))
    assert code == 0 and text == "" and len(space.server.asked) == 1, (text, space.server.asked)


def archives_that_reach_elsewhere_are_refused(space):
    link = tarfile.TarInfo("set/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    for member in ("../out.txt", "/tmp/moonlab-out.txt", link):
        content = archive_of(("set/1.txt", b"one"), (member, b"" if member is link else b"two"))
        space.server.files["/file.bin"] = content
        code, text = space.call(content=content, unpack=("--unpack", "set"))
        assert code == 69 and "which is no file of the folder" in text, text
        assert os.listdir(os.path.dirname(space.dest)) == ["file.bin"]
    content = b"no archive"
    space.server.files["/file.bin"] = content
    code, text = space.call(content=content, unpack=("--unpack", "set"))
    assert code == 69 and "is no archive that can be unpacked" in text, text


def two_calls_fetch_once(space):
    space.server.delay = 0.02
    words = (space.dest, digest_of(CONTENT), str(len(CONTENT)), space.url())
    both = [space.start(*words), space.start(*words)]
    texts = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], texts
    assert len(space.server.asked) == 1 and sum("waiting for it" in text for text in texts) == 1, texts
    space.whole()


def wrong_arguments_are_refused(space):
    for words in (("x",), (space.dest, "abc", "3", space.url()), (space.dest, "0" * 64, "3", "file:///etc/passwd"),
                  (space.dest, "0" * 64, "many", space.url())):
        process = space.start(*words)
        assert process.wait(timeout=20) == 2, words


CASES = [value for name, value in list(globals().items()) if callable(value) and getattr(value, "__code__", None)
         and value.__code__.co_varnames[:1] == ("space",) and value.__code__.co_argcount == 1]


def main():
    if not importlib.util.find_spec("pip") and not importlib.util.find_spec("requests"):
        print(f"SKIPPED: neither pip nor requests for {sys.executable}")
        return 0
    failed = False
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder:
            try:
                case(Space(folder))
                print("ok", case.__name__, flush=True)
            except Exception as error:  # any error is the case's failure
                failed = True
                where = traceback.extract_tb(error.__traceback__)[-1].lineno
                print(f"FAILED {case.__name__}: line {where}: {type(error).__name__} {error}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
