#include "host/run/store.hpp"

#include <sys/resource.h>

#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <limits>
#include <set>

#include "host/error.hpp"
#include "host/file.hpp"

using Catch::Contains;
using namespace moonlab::run;

namespace {

struct Store {
  fs::path path = moonlab::make_temporary_folder("moonlab-store-");
  ~Store() { fs::remove_all(path); }
  std::shared_ptr<Run> create(const std::string& name = "quickstart") const {
    return Run::create(path, {name, "{\"seed\":1}", {{"argv", {"run", "x.lua"}}}, {}, {}});
  }
};

// No file of this process may grow beyond `bytes`: a full disk, for root too.
struct FullDisk {
  rlimit before;
  explicit FullDisk(rlim_t bytes) {
    std::signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &before);
    rlimit limit{bytes, before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FullDisk() { setrlimit(RLIMIT_FSIZE, &before); }
};

}  // namespace

TEST_CASE("a new run is a folder with what it was started from") {
  Store store;
  std::ofstream(store.path / "s.lua") << "return 1\n";
  std::ofstream(store.path / "g.lua") << "return 2\n";
  auto run = Run::create(store.path / "runs",
                         {"petfusion", "{\"a\":1}", {{"host", "here"}}, store.path / "s.lua", {store.path / "g.lua"}});
  CHECK_THAT(run->id(), Catch::Matches("[0-9]{8}-[0-9]{6}-petfusion-[0-9a-f]{4}"));
  CHECK(run->read("config.json") == "{\"a\":1}");
  CHECK(run->config()["a"] == 1);
  CHECK(run->meta()["host"] == "here");
  run->update_meta({{"parent", "another"}});
  CHECK(run->meta() == moonlab::run::Json{{"host", "here"}, {"parent", "another"}});
  CHECK(run->read("script.lua") == "return 1\n");
  CHECK(run->read("files/g.lua") == "return 2\n");
  CHECK(run->status() == "running");
  CHECK(fs::is_directory(run->path() / "ckpt"));
  run->set_status("done");
  CHECK(Run::open(store.path / "runs", run->id())->status() == "done");
}

TEST_CASE("sources are kept as they were read, and meta.json tells which copy is whose") {
  Store store;
  moonlab::run::NewRun made;
  made.name = "x";
  made.config = "{}";
  made.sources = {{"s/x.lua", "return require 'helper'\n"}, {"s/helper.lua", "return 1\n"}, {"/else/helper.lua", ""}};
  auto run = Run::create(store.path / "runs", made);
  CHECK(run->read("script.lua") == "return require 'helper'\n");
  CHECK(run->meta()["sources"]["s/x.lua"] == "script.lua");
  CHECK(run->meta()["sources"]["s/helper.lua"] == "files/s/helper.lua");
  CHECK(run->read("files/s/helper.lua") == "return 1\n");
  CHECK(run->read(run->meta()["sources"]["/else/helper.lua"]).empty());
}

TEST_CASE("one process has a run, until it lets go") {
  Store store;
  auto run = Run::create(store.path / "runs", {"x", "{}"});
  CHECK(run->hold());
  CHECK(run->hold());
  auto again = Run::open(store.path / "runs", "last");
  CHECK(!again->hold());
  run.reset();
  CHECK(again->hold());
  run = Run::open(store.path / "runs", "last");
  CHECK(!run->hold());
  again->release();
  CHECK(run->hold());
}

TEST_CASE("what a killed process left half written goes, everything else stays") {
  Store store;
  auto run = Run::create(store.path / "runs", {"x", "{}"});
  for (const char* name : {"state.pt", "state.pt.aB3dE6", "best.safetensors", "best.safetensors.zzzzzz", "notes.sixsix"})
    std::ofstream(run->place(std::string("ckpt/") + name)) << "x";
  run->sweep_up("ckpt");
  CHECK(fs::exists(run->path() / "ckpt/state.pt"));
  CHECK(fs::exists(run->path() / "ckpt/best.safetensors"));
  CHECK(fs::exists(run->path() / "ckpt/notes.sixsix"));
  CHECK(!fs::exists(run->path() / "ckpt/state.pt.aB3dE6"));
  CHECK(!fs::exists(run->path() / "ckpt/best.safetensors.zzzzzz"));
  run->sweep_up("nowhere");
}

TEST_CASE("a run goes on from before its last evaluation") {
  Store store;
  auto run = Run::create(store.path / "runs", {"x", "{}"});
  run->add_metrics({{"step", 4}, {"loss", 0.5}});
  run->add_metrics({{"step", 8}, {"loss", 0.25}});
  run->add_metrics({{"final", true}, {"step", 8}, {"test.top1", 0.9}});
  run->cut_metrics(8);
  CHECK(run->metrics().size() == 2);
  run->append("events", "ab");
  run->append("events", "c");
  CHECK(run->read("events") == "abc");
}

TEST_CASE("names are made safe for a folder, ids do not repeat") {
  Store store;
  CHECK_THAT(store.create("../a b/ü?")->id(), Contains("-..-a-b-") && !Contains("/"));
  CHECK_THAT(store.create("")->id(), Contains("-run-"));
  std::set<std::string> ids;
  for (int i = 0; i < 200; ++i) ids.insert(store.create()->id());
  CHECK(ids.size() == 200);
}

TEST_CASE("metrics come back as they were added, without a torn last line") {
  Store store;
  auto run = store.create();
  CHECK(run->metrics().empty());
  run->add_metrics({{"step", 1}, {"loss", 0.25}});
  run->add_metrics({{"step", 2}, {"loss", std::numeric_limits<double>::quiet_NaN()}});
  auto records = run->metrics();
  REQUIRE(records.size() == 2);
  CHECK(records[0]["loss"] == 0.25);
  CHECK(records[1]["loss"].is_null());
  std::ofstream(run->path() / "metrics.jsonl", std::ios::app) << "{\"step\":3,\"lo";
  CHECK(run->metrics().size() == 2);
  auto resumed = Run::open(store.path, run->id());
  resumed->add_metrics({{"step", 3}});
  records = run->metrics();
  REQUIRE(records.size() == 3);
  CHECK(records[2]["step"] == 3);
}

TEST_CASE("a damaged line in the middle is located") {
  Store store;
  auto run = store.create();
  std::ofstream(run->path() / "metrics.jsonl") << "{\"step\":1}\n{\"st\n{\"step\":3}\n";
  CHECK_THROWS_WITH(run->metrics(), Contains("metrics.jsonl:2:") && Contains("not a JSON record"));
}

TEST_CASE("metrics are cut at the step of a checkpoint") {
  Store store;
  auto run = store.create();
  for (int i = 1; i <= 5; ++i) run->add_metrics({{"step", i}});
  run->cut_metrics(3);
  CHECK(run->metrics().size() == 3);
  run->add_metrics({{"step", 4}, {"again", true}});
  CHECK(run->metrics()[3]["again"] == true);
}

TEST_CASE("a full disk is answered by the file and the reason, and loses nothing") {
  Store store;
  auto run = store.create();
  run->add_metrics({{"step", 1}, {"text", std::string(1000, 'a')}});
  run->set_status("running");
  {
    FullDisk full(1500);
    CHECK_THROWS_WITH(run->add_metrics({{"step", 2}, {"text", std::string(1000, 'b')}}),
                      Contains("cannot write " + (run->path() / "metrics.jsonl").string() + ": "));
    CHECK_THROWS_WITH(run->write("config.json", std::string(2000, 'x')),
                      Contains("cannot write") && Contains("config.json"));
  }
  CHECK(run->metrics().size() == 1);
  CHECK(run->config()["seed"] == 1);
  run->add_metrics({{"step", 2}});
  CHECK(run->metrics().size() == 2);
}

TEST_CASE("a store that cannot be made says why") {
  Store store;
  std::ofstream(store.path / "file") << "";
  CHECK_THROWS_WITH(Run::create(store.path / "file", {}), Contains("cannot make folder") && Contains("file"));
}

TEST_CASE("a run is found by id, beginning or ending") {
  Store store;
  auto make = [&](const std::string& id) {
    fs::create_directories(store.path / id);
    std::ofstream(store.path / id / "config.json") << "{}";
  };
  CHECK_THROWS_WITH(Run::open(store.path, "x"), Contains("no runs in"));
  make("20261121-053012-quickstart-a1b2");
  make("20261121-060000-quickstart-c3d4");
  fs::create_directories(store.path / "not-a-run");
  CHECK(Run::open(store.path, "20261121-05")->id() == "20261121-053012-quickstart-a1b2");
  CHECK(Run::open(store.path, "c3d4")->id() == "20261121-060000-quickstart-c3d4");
  CHECK(Run::open(store.path, "last")->id() == "20261121-060000-quickstart-c3d4");
  CHECK_THROWS_WITH(Run::open(store.path, "20261121"), Contains("may be any of 2 runs") && Contains("a1b2, "));
  CHECK_THROWS_WITH(Run::open(store.path, "20261121-053012-quickstart-a1b3"),
                    Contains("no run") && Contains("did you mean '20261121-053012-quickstart-a1b2'?"));
  auto runs = list_runs(store.path);
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].id == "20261121-053012-quickstart-a1b2");
  CHECK(runs[0].status == "unknown");
  CHECK(list_runs(store.path / "none").empty());
}

TEST_CASE("a run writes below its own folder only") {
  Store store;
  auto run = store.create();
  run->write("artifacts/deep/x.txt", "hello");
  CHECK(run->read("artifacts/deep/x.txt") == "hello");
  CHECK_THROWS_WITH(run->write("../x", ""), Contains("is not a file of run"));
  CHECK_THROWS_WITH(run->write("/tmp/x", ""), Contains("is not a file of run"));
  CHECK_THROWS_WITH(run->read("none"), Contains("none: No such file"));
  run->log("one");
  run->log("two");
  CHECK(run->read("log.txt") == "one\ntwo\n");
  run->set_error("boom");
  CHECK(run->status() == "failed");
}
