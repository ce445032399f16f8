#include "host/run/index.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <fstream>

#include "host/error.hpp"
#include "host/file.hpp"
#include "host/run/run_facts.hpp"

using Catch::Contains;
using namespace moonlab::run;
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

struct Store {
  fs::path path = moonlab::make_temporary_folder("moonlab-index-");
  ~Store() { fs::remove_all(path); }

  void write(const fs::path& file, const std::string& text) const {
    fs::create_directories((path / file).parent_path());
    std::ofstream(path / file, std::ios::binary) << text;
  }
  // A run as the runner leaves it; its directory changed a minute ago.
  void run(const std::string& id, const std::string& status, const Json& meta, const std::string& metrics,
           const std::string& config = R"({"kind":"experiment","optim":{"kind":"optim.adamw","lr":0.003}})") const {
    write(fs::path(id) / "meta.json", meta.dump());
    write(fs::path(id) / "metrics.jsonl", metrics);
    write(fs::path(id) / "config.json", config);
    write(fs::path(id) / "status", status + "\n");
    age(id);
  }
  void age(const std::string& id) const {
    fs::last_write_time(path / id, fs::file_time_type::clock::now() - std::chrono::minutes(1));
  }
};

const char* const kMetrics =
    "{\"epoch\":1,\"step\":5,\"seconds\":1.5,\"train.loss\":2.5,\"val.top1\":0.25}\n"
    "{\"epoch\":2,\"step\":10,\"seconds\":3,\"train.loss\":1.5,\"val.top1\":0.5}\n"
    "{\"epoch\":2,\"step\":10,\"seconds\":3,\"final\":true,\"final_keys\":[\"test.top1\",\"test.ece\"],"
    "\"test.ece\":null,\"test.top1\":0.75,\"samples\":10}\n";

std::vector<std::string> ids(const IndexedRuns& found) {
  std::vector<std::string> list;
  for (const auto& run : found.runs) list.push_back(std::get<std::string>(run.fields.at(0)));
  return list;
}

// The facts of a run as "name=value", nothing as "-".
std::vector<std::string> facts(const IndexedRuns& found, size_t run) {
  std::vector<std::string> list;
  for (const auto& [place, value] : found.runs.at(run).facts) {
    std::string text = "-";
    if (const auto* word = std::get_if<std::string>(&value)) text = *word;
    if (const auto* number = std::get_if<double>(&value)) text = Json(*number).dump();
    list.push_back(found.keys.at(place).name + "=" + text);
  }
  return list;
}

Query where(Subject subject, const std::string& name, const std::string& op, const std::vector<Json>& values) {
  Query query;
  query.conditions.push_back({{subject, {name}}, op, values});
  return query;
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("the facts of a run are its last values, the final ones first") {
  Store store;
  store.run("a", "done",
            {{"overrides", {"lr=0.1", "seed=3", "optim.name=x,y"}}, {"params", {{"lr", 0.1}, {"head", "lwal"}}}},
            kMetrics);
  const auto facts = read_facts(store.path / "a");
  CHECK(facts.status == "done");
  CHECK(facts.final);
  CHECK(facts.step == 10);
  CHECK(facts.metrics ==
        RunFacts::Pairs{{"test.top1", 0.75}, {"test.ece", nullptr}, {"val.top1", 0.5}, {"train.loss", 1.5}});
  CHECK(facts.params == RunFacts::Pairs{{"lr", 0.1}, {"head", "lwal"}, {"optim.name", "x,y"}});
}

TEST_CASE("a run with nothing to read in it is still a run") {
  Store store;
  store.run("torn", "", "{", "{\"step\":1,\"loss\":1}\n{\"step\":2,\"lo", "{\"kind\":");
  const auto facts = read_facts(store.path / "torn");
  CHECK(facts.status == "unknown");
  CHECK(facts.meta.size() == 1);
  CHECK(facts.step == 1);
  auto index = Index::open(store.path);
  index->refresh();
  CHECK(ids(index->find({})) == Ids{"torn"});
}

TEST_CASE("what is no run's file at all spoils no list") {
  Store store;
  store.run("a", "done", Json::array({1}),
            "[1]\n{\"final\":true,\"final_keys\":[1,null,\"x\"],\"x\":\"text\"}\n", "[]");
  store.run("b", "done",
            {{"overrides", "x"}, {"params", {1}}, {"started", "now"}, {"tag", {"a"}}, {"seed", {{"a", 1}}}}, "");
  fs::create_directories(store.path / "c" / "config.json");
  fs::create_directories(store.path / "c" / "metrics.jsonl");
  fs::create_symlink(store.path / "nowhere", store.path / "dangling");
  fs::create_symlink(store.path, store.path / "loop");
  auto index = Index::open(store.path);
  CHECK(index->refresh().runs == 3);
  CHECK(ids(index->find({})) == Ids{"a", "b", "c"});
  CHECK(facts(index->find({}), 0).empty());  // a text is no metric
  store.write("a/status", "\x1b[2J\n");
  store.age("a");
  index->refresh(true);
  CHECK(std::get<std::string>(index->find({}).runs[0].fields[1]) == "unknown");
}

TEST_CASE("of a long history the end is read") {
  Store store;
  std::string history;
  for (int step = 1; step <= 20000; ++step) {
    const std::string number = std::to_string(step);
    history += "{\"step\":" + number + ",\"loss\":1,\"early" + number + "\":1}\n";
  }
  store.run("long", "running", Json::object(), history);
  const auto facts = read_facts(store.path / "long");
  CHECK(facts.step == 20000);
  CHECK(facts.metrics.size() < 2500);
}

TEST_CASE("a configuration as paths and values") {
  const auto flat = flattened(Json::parse(
      R"({"kind":"experiment","model":{"kind":"trunk","heads":[["onehot",{"kind":"head.softmax","l2":0}]]},
          "data":{"kind":"join","datasets":[{"kind":"data.mnist","val":0.1}]},"log":["a","b"]})"));
  CHECK(flat == RunFacts::Pairs{{"kind", "experiment"}, {"model", "trunk"}, {"model.heads.onehot", "head.softmax"},
                                {"model.heads.onehot.l2", 0}, {"data", "join"}, {"data.datasets[1]", "data.mnist"},
                                {"data.datasets[1].val", 0.1}, {"log", {"a", "b"}}});
}

TEST_CASE("runs are found by what they are, were told and reached") {
  Store store;
  store.run("20260101-000000-a-0001", "done",
            {{"params", {{"head", "lwal10"}, {"lr", 0.1}}}, {"tag", "x"}, {"started", 100}}, kMetrics);
  store.run("20260102-000000-b-0002", "failed", {{"params", {{"head", "onehot"}}}, {"started", 200}},
            "{\"step\":1,\"test.top1\":0.5}\n", R"({"kind":"experiment","optim":{"kind":"optim.sgd","lr":0.1}})");
  store.run("20260103-000000-c-0003", "done", {{"params", {{"head", "lwal"}}}, {"started", 300}},
            "{\"step\":1,\"test.top1\":null}\n");
  store.write("sweeps/x/journal.log", "no run");
  auto index = Index::open(store.path);
  CHECK(index->refresh().read == 3);
  CHECK(index->note() == "");
  const Ids all{"20260101-000000-a-0001", "20260102-000000-b-0002", "20260103-000000-c-0003"};
  CHECK(ids(index->find({})) == all);
  CHECK(ids(index->find(where(Subject::metric, "test.top1", ">=", {0.5}))) == Ids{all[0], all[1]});
  CHECK(ids(index->find(where(Subject::metric, "test.top1", ">", {0.5}))) == Ids{all[0]});
  CHECK(ids(index->find(where(Subject::metric, "nothing", ">", {0}))) == Ids{});
  CHECK(ids(index->find(where(Subject::param, "head", "=", {"lwal*"}))) == Ids{all[0], all[2]});
  CHECK(ids(index->find(where(Subject::param, "head", "!=", {"lwal*"}))) == Ids{all[1]});
  CHECK(ids(index->find(where(Subject::param, "head", "=", {"onehot", "lwal"}))) == Ids{all[1], all[2]});
  CHECK(ids(index->find(where(Subject::param, "head", ">", {0}))) == Ids{});  // a text is above no number
  CHECK(ids(index->find(where(Subject::param, "lr", "!=", {0.2}))) == Ids{all[0]});  // no value, no difference
  CHECK(ids(index->find(where(Subject::option, "optim.lr", "=", {0.1}))) == Ids{all[1]});
  CHECK(ids(index->find(where(Subject::option, "optim", "=", {"optim.adamw"}))) == Ids{all[0], all[2]});
  CHECK(ids(index->find(where(Subject::run, "status", "=", {"done"}))) == Ids{all[0], all[2]});
  CHECK(ids(index->find(where(Subject::run, "started", ">", {150}))) == Ids{all[1], all[2]});
  Query has;
  has.conditions.push_back({{}, "has", {"-B-"}});
  CHECK(ids(index->find(has)) == Ids{all[1]});
  Query best;
  best.sorted = best.descending = true;
  best.sort = {Subject::metric, {"test.top1"}};
  CHECK(ids(index->find(best)) == Ids{all[0], all[1], all[2]});
  best.descending = false;
  best.limit = 1;
  CHECK(ids(index->find(best)) == Ids{all[1]});
  CHECK(index->count(best) == 3);
  Query newest;
  newest.limit = 2;
  CHECK(ids(index->find(newest)) == Ids{all[1], all[2]});
  CHECK(index->names(Subject::param) == Ids{"head", "lr"});
  CHECK_THROWS_WITH(index->find(where(Subject::run, "id; DROP TABLE runs", "=", {"x"})), Contains("unknown column"));
  CHECK(ids(index->find(where(Subject::run, "id", "=", {"' OR 1=1 --"}))) == Ids{});
  CHECK(facts(index->find({}), 0) ==
        Ids{"head=lwal10", "lr=0.1", "test.top1=0.75", "test.ece=-", "val.top1=0.5", "train.loss=1.5"});
  Query varying;
  varying.varying = true;
  CHECK(facts(index->find(varying), 0).front() == "head=lwal10");
  varying.conditions = where(Subject::param, "head", "=", {"onehot"}).conditions;  // alone it differs from nothing
  CHECK(facts(index->find(varying), 0) == Ids{"test.top1=0.5"});
  Query brief;
  brief.fields = {"status", "id"};
  CHECK(std::get<std::string>(index->find(brief).runs.at(1).fields.at(0)) == "failed");
  brief.fields = {"stauts"};
  CHECK_THROWS_WITH(index->find(brief), Contains("did you mean 'status'?"));
  Query showing;
  showing.shown = {{Subject::option, {"optim.lr"}}, {Subject::metric, {"val.top1", "test.top1"}}};
  const auto shown = index->find(showing);
  CHECK((shown.runs[0].shown == std::vector<Value>{0.003, 0.75}));  // what was measured first
  CHECK((shown.runs[2].shown == std::vector<Value>{0.003, std::monostate{}}));
}

TEST_CASE("a refresh reads what changed and forgets what is gone") {
  Store store;
  store.run("a", "done", Json::object(), kMetrics);
  store.run("b", "running", Json::object(), "{\"step\":1,\"loss\":2}\n");
  auto index = Index::open(store.path);
  CHECK(index->refresh().running == Ids{"b"});
  CHECK(index->refresh().read == 1);  // whatever runs is looked at again: lines are added without a trace in the folder
  store.write("b/metrics.jsonl", "{\"step\":1,\"loss\":2}\n{\"step\":2,\"loss\":0.5}\n");
  index->refresh();
  CHECK(facts(index->find({}), 1) == Ids{"loss=0.5"});
  store.write("b/status", "done\n");
  store.age("b");
  CHECK(index->refresh().running.empty());
  CHECK(index->refresh().read == 0);
  fs::last_write_time(store.path / "b", fs::file_time_type::clock::now());
  CHECK(index->refresh().read == 1);
  CHECK(index->refresh().read == 1);  // changed this very moment: what comes within the clock's tick would be missed
  store.run("c", "done", Json::object(), kMetrics);
  fs::remove_all(store.path / "a");
  const auto changes = index->refresh();
  CHECK(changes.removed == 1);
  CHECK(changes.runs == 2);
  CHECK(ids(index->find({})) == Ids{"b", "c"});
  index.reset();
  store.age("b");
  index = Index::open(store.path);
  index->refresh();
  CHECK(index->refresh().read == 0);  // what was found is kept
  CHECK(index->refresh(true).read == 2);
}

TEST_CASE("what no run has any more is forgotten by reading anew") {
  Store store;
  store.run("a", "done", {{"params", {{"old", 1}}}}, kMetrics, R"({"old":1})");
  for (int i = 0; i < 1100; ++i) store.run("b" + std::to_string(i), "done", {{"params", {{"new", i}}}}, kMetrics);
  auto index = Index::open(store.path);
  CHECK(index->refresh().read == 1101);
  CHECK(index->names(Subject::param) == Ids{"new", "old"});
  fs::remove_all(store.path / "a");
  CHECK(index->refresh(true).runs == 1100);
  CHECK(index->names(Subject::param) == Ids{"new"});
  CHECK(index->names(Subject::option) == Ids{"kind", "optim", "optim.lr"});
  CHECK(index->find({}).runs.size() == 1100);
  CHECK(ids(index->find(where(Subject::param, "new", "=", {1099}))) == Ids{"b1099"});
}

TEST_CASE("a killed run keeps that status until its directory changes") {
  Store store;
  store.run("a", "running", Json::object(), "");
  auto index = Index::open(store.path);
  index->refresh();
  index->set_status("a", "killed");
  CHECK(index->refresh().read == 0);
  CHECK(std::get<std::string>(index->find({}).runs[0].fields[1]) == "killed");
  store.write("a/status", "done\n");
  fs::last_write_time(store.path / "a", fs::file_time_type::clock::now() - std::chrono::seconds(30));
  index->refresh();
  CHECK(std::get<std::string>(index->find({}).runs[0].fields[1]) == "done");
}

TEST_CASE("a damaged index is made anew, one that cannot be written is done without") {
  Store store;
  store.run("a", "done", Json::object(), kMetrics);
  {
    std::ofstream(store.path / "index.db") << std::string(5000, 'x');
    auto index = Index::open(store.path);
    index->refresh();
    CHECK_THAT(index->note(), Contains("index.db was damaged or of another version; it is made anew"));
    CHECK(ids(index->find({})) == Ids{"a"});
  }
  {
    auto index = Index::open(store.path);  // sound again
    CHECK(index->refresh().read == 0);
    CHECK(index->note() == "");
  }
  {  // damaged in the middle, which opening does not see
    auto index = Index::open(store.path);
    index->refresh();
    index.reset();
    std::fstream file(store.path / "index.db", std::ios::in | std::ios::out | std::ios::binary);
    const auto size = static_cast<std::streamoff>(fs::file_size(store.path / "index.db"));
    file.seekp(4096);
    file << std::string(static_cast<size_t>(size - 4096), 'x');
    file.close();
    index = Index::open(store.path);
    index->refresh();
    CHECK(ids(index->find({})) == Ids{"a"});
    CHECK_THAT(index->note(), Contains("made anew"));
  }
  {
    sqlite::Database other((store.path / "index.db").string(), 0);
    other.execute("PRAGMA user_version = 99");
  }
  CHECK_THAT(Index::open(store.path)->note(), Contains("made anew"));
  for (const char* file : {"index.db", "index.db-wal", "index.db-shm"}) fs::remove(store.path / file);
  fs::create_directory(store.path / "index.db");
  auto index = Index::open(store.path);
  CHECK(index->refresh().runs == 1);
  CHECK_THAT(index->note(), Contains("index.db cannot be used") && Contains("all runs are read instead"));
  CHECK(ids(index->find({})) == Ids{"a"});
}

TEST_CASE("another program that holds the index is waited for, then done without") {
  Store store;
  store.run("a", "done", Json::object(), kMetrics);
  Index::open(store.path)->refresh();
  sqlite::Database other((store.path / "index.db").string(), 0);
  other.execute("BEGIN IMMEDIATE");
  auto index = Index::open(store.path);
  CHECK(index->refresh().read == 0);  // nothing to write: nobody is waited for
  CHECK(index->note() == "");
  store.run("b", "done", Json::object(), kMetrics);
  index->set_patience(50);
  CHECK(index->refresh().runs == 2);
  CHECK_THAT(index->note(), Contains("cannot be used"));
  CHECK(ids(index->find({})) == Ids{"a", "b"});
  other.execute("ROLLBACK");
}

TEST_CASE("a store that is not there has no runs, and looking makes none") {
  const fs::path nowhere = fs::temp_directory_path() / "moonlab-no-such-store";
  auto index = Index::open(nowhere);
  CHECK(index->refresh().runs == 0);
  CHECK(!fs::exists(nowhere));
  CHECK_THROWS_WITH(subject_named("metrik"), Contains("did you mean 'metric'?"));
}
