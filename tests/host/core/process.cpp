#include "host/process.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "host/error.hpp"
#include "host/file.hpp"

using namespace moonlab;

static ProcessOptions shell(const std::string& script) {
  ProcessOptions options;
  options.command = {"sh", "-c", script};
  return options;
}

TEST_CASE("process: output, errors and exit code arrive apart") {
  Process child(shell("echo out; echo err >&2; exit 7"));
  auto ending = child.wait(10);
  REQUIRE(ending);
  CHECK(ending->code == 7);
  CHECK(ending->signal == 0);
  CHECK(child.read() == "out\n");
  CHECK(child.read_errors() == "err\n");
}

TEST_CASE("process: a signal is told apart from an exit code") {
  Process child(shell("kill -SEGV $$"));
  auto ending = child.wait(10);
  REQUIRE(ending);
  CHECK(ending->signal == SIGSEGV);
  CHECK(ending->code == 128 + SIGSEGV);
  CHECK_FALSE(child.kill(SIGTERM));
}

TEST_CASE("process: input, folder and environment") {
  auto options = shell("cat; pwd; echo $MARK; echo ${HOME-gone}");
  options.input = true;
  options.directory = "/";
  options.environment["MARK"] = "m=1";
  options.unset = {"HOME"};
  Process child(options);
  CHECK(child.write("text\n"));
  child.close_input();
  REQUIRE(child.wait(10));
  CHECK(child.read() == "text\n/\nm=1\ngone\n");
}

TEST_CASE("process: more output than a pipe holds does not block the child") {
  Process child(shell("head -c 3000000 /dev/zero | tr '\\0' x"));
  auto ending = child.wait(20);
  REQUIRE(ending);
  CHECK(child.read().size() == 3000000);
}

TEST_CASE("process: several are waited for at once, a slow one does not hold up a fast one") {
  Process slow(shell("sleep 5")), fast(shell("sleep 0.1; exit 3"));
  auto start = std::chrono::steady_clock::now();
  while (!fast.ended()) REQUIRE(wait_any({&slow, &fast}, 3));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(3));
  CHECK(fast.ended()->code == 3);
  CHECK_FALSE(slow.ended());
  CHECK(slow.kill(SIGKILL));
  CHECK(slow.wait(5)->signal == SIGKILL);
}

TEST_CASE("process: a terminal of its own") {
  auto options = shell("test -t 0 && test -t 1 && stty size; read x; echo got $x");
  options.terminal = true;
  Process child(options);
  CHECK(child.write("hello\n"));
  REQUIRE(child.wait(10));
  std::string text = child.read();
  CHECK(text.find("24 80") != std::string::npos);
  CHECK(text.find("got hello") != std::string::npos);
}

TEST_CASE("process: what cannot be started says why") {
  ProcessOptions missing;
  missing.command = {"/no/such/program"};
  CHECK_THROWS_WITH(Process(missing), "cannot start '/no/such/program': No such file or directory");
  auto elsewhere = shell("true");
  elsewhere.directory = "/no/such/folder";
  CHECK_THROWS_WITH(Process(elsewhere), "cannot run in '/no/such/folder': not a folder");
  CHECK_THROWS_AS(Process(ProcessOptions{}), Error);
}

TEST_CASE("file: an atomic write replaces, a failing one leaves nothing behind") {
  auto read = [](const std::string& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  };
  std::string folder = make_temporary_folder("moonlab-test"), path = folder + "/f";
  CHECK(write_atomic(path, "one") == "");
  CHECK(write_atomic(path, "two") == "");
  CHECK(read(path) == "two");
  CHECK(append(path, "\nthree") == "");
  CHECK(read(path) == "two\nthree");
  std::filesystem::create_directory(folder + "/taken");
  CHECK(write_atomic(folder + "/taken", "x") == "Is a directory");
  CHECK(write_atomic(folder + "/none/f", "x") == "No such file or directory");
  size_t entries = 0;
  for ([[maybe_unused]] auto& e : std::filesystem::directory_iterator(folder)) ++entries;
  CHECK(entries == 2);
  std::filesystem::remove_all(folder);
}
