// The index of a store, STORE/index.db: what lists of runs are answered from. The directories are the truth; everything
// here is read from them, may be thrown away at any time, and is brought up to date before each answer. Only the
// commands that read runs open it, never what trains.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "host/run/sqlite.hpp"

namespace moonlab::run {

/// What kind of thing a condition or an order is about.
enum class Subject { run, metric, param, option };

/// Errors: another word than run, metric, param, option.
Subject subject_named(const std::string& word);

/// A value of a run: of the columns of `runs` (id, status, name, script, tag, seed, started, seconds, epoch, step,
/// smoke, sweep, parent, host, ...), of a metric or parameter, or of an option of its configuration. Of several names
/// the first that a run has counts, metrics in the order in which they were measured.
struct Quantity {
  Subject subject = Subject::run;
  std::vector<std::string> names;
};

struct Condition {
  Quantity of;
  std::string op;                             // = != < <= > >=; "has": any text of the run's line holds the value
  std::vector<nlohmann::ordered_json> values;  // of = and != any; texts may hold * and ?
};

struct Query {
  std::vector<Condition> conditions;  // all of them hold
  bool sorted = false;                // by `sort`; runs without it last. Else by id, oldest first
  Quantity sort;
  bool descending = false;
  std::vector<std::string> fields;    // columns that are asked for; all where empty
  bool varying = false;               // leaves out parameters that are the same in all runs that are found
  std::vector<Quantity> shown;        // values that are asked for beside what each run has
  int64_t limit = -1;                 // the first of a sorted list, the newest of another; below 0: all
};

/// A number, a text, or nothing.
using Value = std::variant<std::monostate, double, std::string>;

/// Runs as a query gives them. Thousands are listed at once: what repeats is told once.
struct IndexedRuns {
  struct Key {
    Subject subject;  // metric or param
    std::string name;
  };
  struct Run {
    std::vector<Value> fields;                    // one for each of the query's fields, or of Index::columns()
    std::vector<std::pair<size_t, Value>> facts;  // by their places in `keys`: parameters, then metrics as they were measured
    std::vector<Value> shown;                    // one for each value that was asked for
  };
  std::vector<Key> keys;
  std::vector<Run> runs;
};

class Index {
 public:
  /// Opens the index of a store, or makes it. One that is damaged or of another version is made anew; where no file can
  /// be written, or another program holds it for long, a new one in memory stands in. `note` says so, else it is empty.
  static std::shared_ptr<Index> open(const std::filesystem::path& store);

  /// What happened that is worth a line.
  const std::string& note() const { return note_; }

  /// How long another program that writes is waited for; 5000 unless set.
  void set_patience(int milliseconds) { database_->set_patience(milliseconds); }

  /// What a refresh found.
  struct Changes {
    int64_t read = 0, removed = 0, runs = 0;
    std::vector<std::string> running;  // ids of runs that say so
  };
  /// Reads the directories that changed since the last time, all of them with `anew`. Costs a look at each directory.
  Changes refresh(bool anew = false);

  /// Notes another status than the run's own, until its directory changes: that of a run whose process is gone.
  void set_status(const std::string& id, const std::string& status);

  /// Names of the metrics, parameters or options that any run has, sorted.
  std::vector<std::string> names(Subject subject);

  /// The fields of every run, id and status first.
  static const std::vector<std::string>& columns();

  IndexedRuns find(const Query& query);
  /// How many runs fit, whatever the limit.
  int64_t count(const Query& query);

 private:
  explicit Index(std::filesystem::path store) : store_(std::move(store)) {}
  void connect(const std::string& file);
  void start_over();
  void into_memory(const std::string& why);
  template <class F>
  auto guarded(F&& work);

  template <class F>
  void transaction(F&& work);

  Changes refresh_now(bool anew);
  int64_t key_of(Subject subject, const std::string& name);
  int64_t config_of(const std::string& text);
  void forget(const std::string& id);
  void add(const std::string& id, int64_t changed, const struct RunFacts& facts);
  // SQL of a value of the run r, and of what a query asks of it with the values that go into its places.
  std::string expression(const Quantity& of, bool numeric);
  std::string restriction(const Query& query, std::vector<nlohmann::ordered_json>& bound);

  std::filesystem::path store_;
  std::string note_;
  std::unique_ptr<sqlite::Database> database_;
  bool in_memory_ = false;
  std::map<std::pair<Subject, std::string>, int64_t> known_keys_;
};

}  // namespace moonlab::run
