// The run directory: the truth about a run. One writer, files that are replaced whole or only appended to.
//
//   STORE/ID/ config.json  meta.json  script.lua  files/  status  metrics.jsonl  log.txt  error.txt  ckpt/  artifacts/
#pragma once

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace moonlab::run {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

/// What is written down before a run starts.
struct NewRun {
  std::string name;             // "quickstart", part of the id
  std::string config{};         // the resolved configuration, canonical JSON text, written as it is
  Json meta = Json::object();   // arguments, host, versions, environment reads, fingerprints, seeds
  fs::path script{};              // copied to script.lua; empty: none
  std::vector<fs::path> files{};  // further sources that were read, copied below files/
  /// In place of both: path and text of each source as it was read, the script first. Which copy is of which path is
  /// then in meta.json, under "sources".
  std::vector<std::pair<std::string, std::string>> sources{};
};

/// A run's directory. Every method that writes throws Error "cannot write FILE: reason" (a full or read-only disk) and
/// leaves what was written before readable.
class Run {
 public:
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  /// Makes STORE/ID with an id that nobody has: date, time, name and four random digits
  /// (20261121-053012-quickstart-a1b2). Status: "running".
  static std::shared_ptr<Run> create(const fs::path& store, const NewRun& run);

  /// The run of this id, of this unique beginning of an id, of this unique ending ("a1b2"), or "last". Errors: none
  /// (with the nearest id), several (with their names).
  static std::shared_ptr<Run> open(const fs::path& store, const std::string& id);

  const std::string& id() const { return id_; }
  const fs::path& path() const { return path_; }

  /// "running", "done", "failed", "diverged", "interrupted", "pruned": one word, replaced whole. Reading gives
  /// "unknown" where there is none.
  void set_status(const std::string& status);
  std::string status() const;

  /// The text of a file of the run ("config.json"). Errors: it cannot be read.
  std::string read(const std::string& file) const;
  Json config() const;
  Json meta() const;
  /// Sets keys of meta.json, the others stay as they are.
  void update_meta(const Json& changes);
  /// Replaces a file of the run whole ("ckpt/state.json"); missing folders below the run are made.
  void write(const std::string& file, const std::string& text);
  /// The path for a file that somebody else writes ("artifacts/graph.svg"), its folder made.
  fs::path place(const std::string& file) const;

  /// Adds one line to metrics.jsonl, by one write. Numbers that are not finite become null.
  void add_metrics(const Json& record);
  /// Every record, in order. A last line that a crash tore is left out. Errors: another line is not JSON (located).
  std::vector<Json> metrics() const;
  /// Keeps the records before the first whose "step" is above `step` or that is "final": what a run goes on from. A
  /// line that a crash tore goes, too.
  void cut_metrics(int64_t step);
  /// Takes the run for this process until it ends, however it ends. false where another process, on this machine or on
  /// one that shares the folder, has it. Errors: the folder cannot be written.
  bool hold();
  /// Lets go of it.
  void release();
  /// Removes what a killed process left half written beside the files of a folder of the run ("ckpt").
  void sweep_up(const std::string& folder);
  /// Appends bytes to a file of the run by one write.
  void append(const std::string& file, const std::string& bytes);

  void log(const std::string& line);
  /// Writes error.txt and the status "failed".
  void set_error(const std::string& text);

 private:
  Run(std::string id, fs::path path) : id_(std::move(id)), path_(std::move(path)) {}

  std::string id_;
  fs::path path_;
  bool metrics_checked_ = false;  // a torn last line was cut before the first line is added
  int held_ = -1;                 // the locked file, while this process has the run
};

/// A line of `list_runs`.
struct RunSummary {
  std::string id, status;
};

/// The runs of a store by id, oldest first; empty where there is no store.
std::vector<RunSummary> list_runs(const fs::path& store);

}  // namespace moonlab::run
