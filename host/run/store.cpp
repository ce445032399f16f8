#include "host/run/store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>

#include "host/error.hpp"
#include "host/file.hpp"

namespace moonlab::run {

namespace {

void checked(const std::string& reason, const fs::path& file) {
  if (!reason.empty()) fail("cannot write ", file.string(), ": ", reason);
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) fail("cannot make folder ", folder.string(), ": ", error.message());
}

std::string read_file(const fs::path& file) {
  errno = 0;
  std::ifstream in(file, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in || fs::is_directory(file)) fail("cannot read ", file.string(), ": ", std::strerror(in ? EISDIR : errno));
  return text;
}

// letters, digits, '_' and '.' stay; runs of anything else become one '-'
std::string slug(const std::string& name) {
  std::string text;
  for (unsigned char c : name)
    if (std::isalnum(c) || c == '_' || c == '.') text += static_cast<char>(c);
    else if (!text.empty() && text.back() != '-') text += '-';
  while (!text.empty() && text.back() == '-') text.pop_back();
  return text.empty() ? "run" : text.substr(0, 60);
}

std::string fresh_id(const std::string& name) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  char time[32], digits[8];
  std::strftime(time, sizeof time, "%Y%m%d-%H%M%S", &local);
  std::snprintf(digits, sizeof digits, "%04x", std::random_device{}() & 0xffff);
  return std::string(time) + "-" + slug(name) + "-" + digits;
}

// Below files/ a source keeps its relative path; one from elsewhere its name, numbered where the name is taken.
fs::path place_of_source(const fs::path& file, const fs::path& folder) {
  const fs::path relative = file.lexically_normal();
  if (relative.is_relative() && *relative.begin() != "..") return folder / relative;
  fs::path target = folder / file.filename();
  for (int n = 2; fs::exists(target); ++n)
    target = folder / (file.stem().string() + "-" + std::to_string(n) + file.extension().string());
  return target;
}

// The whole lines of a text: what follows the last end of line was torn by a crash.
std::string whole_lines(const std::string& text) {
  const size_t end = text.rfind('\n');
  return end == std::string::npos ? "" : text.substr(0, end + 1);
}

std::string read_status(const fs::path& run) {
  std::ifstream in(run / "status");
  std::string word;
  return std::getline(in, word) && !word.empty() ? word : "unknown";
}

std::vector<std::string> ids_of(const fs::path& store) {
  std::vector<std::string> ids;
  std::error_code error;
  for (fs::directory_iterator it(store, error), end; !error && it != end; it.increment(error))
    if (fs::exists(it->path() / "config.json")) ids.push_back(it->path().filename());
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace

std::shared_ptr<Run> Run::create(const fs::path& store, const NewRun& run) {
  make_folder(store);
  std::string id;
  std::error_code error;
  do id = fresh_id(run.name);
  while (!fs::create_directory(store / id, error) && !error);  // false without an error: somebody has this id
  if (error) fail("cannot make folder ", (store / id).string(), ": ", error.message());

  std::shared_ptr<Run> made(new Run(id, store / id));
  for (const char* folder : {"files", "ckpt", "artifacts"}) make_folder(made->path_ / folder);
  if (!run.script.empty()) made->write("script.lua", read_file(run.script));
  for (const auto& file : run.files) {
    const fs::path target = place_of_source(file, made->path_ / "files");
    make_folder(target.parent_path());
    checked(write_atomic(target.string(), read_file(file)), target);
  }
  Json meta = run.meta;
  for (size_t i = 0; i < run.sources.size(); ++i) {
    const auto& [path, text] = run.sources[i];
    const fs::path target = i == 0 ? made->path_ / "script.lua" : place_of_source(path, made->path_ / "files");
    make_folder(target.parent_path());
    checked(write_atomic(target.string(), text), target);
    meta["sources"][path] = fs::relative(target, made->path_).string();
  }
  made->write("meta.json", meta.dump(2) + "\n");
  made->set_status("running");
  made->write("config.json", run.config);  // last: a folder with it is a run
  return made;
}

std::shared_ptr<Run> Run::open(const fs::path& store, const std::string& id) {
  // a whole id needs no look at the others, of which there may be thousands
  if (!id.empty() && id != "last" && id.find('/') == id.npos && fs::exists(store / id / "config.json"))
    return std::shared_ptr<Run>(new Run(id, store / id));
  const auto ids = ids_of(store);
  if (ids.empty()) fail("no runs in ", store.string());
  std::vector<std::string> found;
  if (id == "last") found = {ids.back()};
  for (const auto& candidate : ids)
    if (candidate == id) found = {id};
  if (found.empty() && !id.empty())
    for (const auto& candidate : ids)
      if (candidate.compare(0, id.size(), id) == 0 ||
          (candidate.size() > id.size() && candidate.compare(candidate.size() - id.size(), id.size(), id) == 0))
        found.push_back(candidate);
  if (found.empty()) fail("no run '", id, "' in ", store.string(), did_you_mean(id, ids));
  if (found.size() > 1) {
    std::string names;
    for (size_t i = 0; i < std::min<size_t>(found.size(), 5); ++i) names += (i ? ", " : "") + found[i];
    fail("'", id, "' may be any of ", found.size(), " runs in ", store.string(), ": ", names,
         found.size() > 5 ? ", ..." : "");
  }
  return std::shared_ptr<Run>(new Run(found[0], store / found[0]));
}

void Run::set_status(const std::string& status) { write("status", status + "\n"); }

std::string Run::status() const { return read_status(path_); }

std::string Run::read(const std::string& file) const { return read_file(path_ / file); }

static Json parse(const std::string& text, const fs::path& file) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& e) {
    fail(file.string(), ": not JSON at byte ", e.byte);
  }
}

Json Run::config() const { return parse(read("config.json"), path_ / "config.json"); }
Json Run::meta() const { return parse(read("meta.json"), path_ / "meta.json"); }

void Run::update_meta(const Json& changes) {
  Json all = meta();
  all.update(changes);
  write("meta.json", all.dump(2) + "\n");
}

fs::path Run::place(const std::string& file) const {
  const fs::path relative = fs::path(file).lexically_normal();
  if (relative.empty() || relative.is_absolute() || *relative.begin() == "..")
    fail("'", file, "' is not a file of run ", id_, ": a relative path is expected");
  const fs::path target = path_ / relative;
  make_folder(target.parent_path());
  return target;
}

void Run::write(const std::string& file, const std::string& text) {
  const fs::path target = place(file);
  checked(write_atomic(target.string(), text), target);
}

void Run::add_metrics(const Json& record) {
  const fs::path file = path_ / "metrics.jsonl";
  if (!metrics_checked_ && fs::exists(file)) {
    const std::string text = read_file(file), whole = whole_lines(text);
    if (whole.size() != text.size()) checked(write_atomic(file.string(), whole), file);
  }
  metrics_checked_ = false;  // after an error the line may be torn: look again next time
  checked(moonlab::append(file.string(), record.dump() + "\n"), file);
  metrics_checked_ = true;
}

std::vector<Json> Run::metrics() const {
  const fs::path file = path_ / "metrics.jsonl";
  if (!fs::exists(file)) return {};
  std::istringstream lines(whole_lines(read_file(file)));
  std::vector<Json> records;
  int64_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    try {
      records.push_back(Json::parse(line));
    } catch (const Json::parse_error& e) {
      fail(file.string(), ":", number, ":", e.byte, ": not a JSON record");
    }
  }
  return records;
}

void Run::cut_metrics(int64_t step) {
  std::string kept;
  for (const auto& record : metrics()) {
    if (record.value("step", int64_t{0}) > step || record.value("final", false)) break;
    kept += record.dump() + "\n";
  }
  write("metrics.jsonl", kept);
  metrics_checked_ = true;
}

Run::~Run() { release(); }

void Run::release() {
  if (held_ >= 0) ::close(held_);
  held_ = -1;
}

bool Run::hold() {
  if (held_ >= 0) return true;
  const fs::path file = place("lock");
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor < 0) fail("cannot write ", file.string(), ": ", std::strerror(errno));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) == 0) return held_ = descriptor, true;
  const int reason = errno;
  ::close(descriptor);
  if (reason == EWOULDBLOCK) return false;
  return true;  // a file system without locks: what the run says of its process is all there is
}

void Run::sweep_up(const std::string& folder) {
  std::error_code error;
  for (fs::directory_iterator it(path_ / folder, error), end; !error && it != end; it.increment(error)) {
    // a neighbour of host/atomic_file.hpp: NAME.XXXXXX beside or in place of NAME
    const std::string name = it->path().filename(), extension = it->path().extension();
    const bool random = extension.size() == 7 && std::all_of(extension.begin() + 1, extension.end(),
                                                             [](unsigned char c) { return std::isalnum(c) != 0; });
    if (random && fs::path(name).stem().has_extension()) fs::remove(it->path(), error);
  }
}

void Run::append(const std::string& file, const std::string& bytes) {
  const fs::path target = place(file);
  checked(moonlab::append(target.string(), bytes), target);
}

void Run::log(const std::string& line) {
  const fs::path file = path_ / "log.txt";
  checked(moonlab::append(file.string(), line + "\n"), file);
}

void Run::set_error(const std::string& text) {
  write("error.txt", text + "\n");
  set_status("failed");
}

std::vector<RunSummary> list_runs(const fs::path& store) {
  std::vector<RunSummary> runs;
  for (const auto& id : ids_of(store)) runs.push_back({id, read_status(store / id)});
  return runs;
}

}  // namespace moonlab::run
