#include "host/run/index.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <unordered_map>

#include "host/hash.hpp"
#include "host/run/run_facts.hpp"

namespace moonlab::run {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using sqlite::Refused;

constexpr int kVersion = 1;           // of the tables; an index of another one is made anew
constexpr int kPatience = 5000;       // milliseconds for another program's refresh
constexpr size_t kBatch = 500;        // runs that are read between two writes: no other program waits for long
constexpr int64_t kFresh = 2'000'000'000;  // ns: a directory that changed so lately may change again unseen

// What SQLite calls "file is not a database" and what else makes up an index is one file with two neighbours.
const char* const kFiles[] = {"index.db", "index.db-wal", "index.db-shm"};

const char* const kTables = R"(
  CREATE TABLE runs(run INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, changed INTEGER NOT NULL, config INTEGER NOT NULL,
    status TEXT, name TEXT, script TEXT, tag TEXT, seed INTEGER, started REAL, seconds REAL, epoch INTEGER, step INTEGER,
    smoke INTEGER, final INTEGER, sweep TEXT, parent TEXT, host TEXT, overrides TEXT, config_hash TEXT, cell_hash TEXT,
    code_id TEXT);
  CREATE TABLE keys(key INTEGER PRIMARY KEY, subject INTEGER NOT NULL, name TEXT NOT NULL, UNIQUE(subject, name));
  CREATE TABLE facts(run INTEGER NOT NULL, place INTEGER NOT NULL, key INTEGER NOT NULL, value,
    PRIMARY KEY(run, place)) WITHOUT ROWID;
  CREATE TABLE configs(config INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE);
  CREATE TABLE options(config INTEGER NOT NULL, key INTEGER NOT NULL, value, PRIMARY KEY(config, key)) WITHOUT ROWID;
)";

// What no run has any more.
const char* const kTidy = R"(
  DELETE FROM configs WHERE config NOT IN (SELECT config FROM runs);
  DELETE FROM options WHERE config NOT IN (SELECT config FROM configs);
  DELETE FROM facts WHERE run NOT IN (SELECT run FROM runs);
  DELETE FROM keys WHERE key NOT IN (SELECT key FROM facts UNION SELECT key FROM options);
)";

const std::vector<std::string> kColumns{"id",     "status", "name", "script", "tag",       "seed",        "started",
                                        "seconds", "epoch", "step", "smoke",  "final",     "sweep",       "parent",
                                        "host",   "overrides", "config_hash", "cell_hash", "code_id"};

std::string joined(const std::vector<std::string>& parts, const char* between) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : between) + part;
  return text;
}

// A folder of a store that may be a run, with the time at which an entry of it last changed.
struct Folder {
  std::string id;
  int64_t changed;
};

std::vector<Folder> folders_of(const fs::path& store) {
  std::vector<Folder> found;
  std::unique_ptr<DIR, int (*)(DIR*)> listing(opendir(store.c_str()), closedir);
  if (!listing) return found;
  while (const dirent* entry = readdir(listing.get())) {
    struct stat info{};
    if (entry->d_name[0] == '.' || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN && entry->d_type != DT_LNK)) continue;
    if (fstatat(dirfd(listing.get()), entry->d_name, &info, 0) != 0 || !S_ISDIR(info.st_mode)) continue;
    found.push_back({entry->d_name, info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec});
  }
  std::sort(found.begin(), found.end(), [](const Folder& a, const Folder& b) { return a.id < b.id; });
  return found;
}

int64_t now() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

Value value_of(sqlite::Statement& row, int column) {
  if (row.is_null(column)) return {};
  if (row.is_text(column)) return std::string(row.text(column));
  return row.number(column);
}

Json text_or_null(const Json& meta, const char* key) {
  const auto found = meta.find(key);
  return found != meta.end() && (found->is_string() || found->is_number()) ? *found : Json();
}

}  // namespace

Subject subject_named(const std::string& word) {
  const std::vector<std::string> words{"run", "metric", "param", "option"};
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) fail("unknown subject '", word, "'", did_you_mean(word, words), " (", joined(words, ", "), ")");
  return static_cast<Subject>(found - words.begin());
}

// ---- the file -----------------------------------------------------------------------------------------------------

std::shared_ptr<Index> Index::open(const fs::path& store) {
  std::shared_ptr<Index> index(new Index(store));
  std::error_code error;
  if (!fs::is_directory(store, error)) {
    index->into_memory("");  // nothing to keep, and no folder is made by looking
    return index;
  }
  try {
    index->connect((store / kFiles[0]).string());
  } catch (const Refused& refused) {
    if (refused.damaged()) index->start_over();
    else index->into_memory(refused.what());
  }
  return index;
}

void Index::connect(const std::string& file) {
  database_ = std::make_unique<sqlite::Database>(file, kPatience);
  if (!in_memory_) database_->execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
  auto asked = database_->prepare("PRAGMA user_version");
  asked.step();
  const int64_t version = asked.integer(0);
  asked.reset();
  if (version == kVersion) return;
  if (version != 0) throw Refused("made by another version", SQLITE_ERROR);
  database_->execute("BEGIN IMMEDIATE");
  asked.step();  // another program may have made the tables in between
  const bool made = asked.integer(0) == kVersion;
  asked.reset();
  if (!made) database_->execute(kTables + ("PRAGMA user_version = " + std::to_string(kVersion)));
  database_->execute("COMMIT");
}

void Index::start_over() {
  database_.reset();
  try {
    for (const char* file : kFiles) {
      std::error_code error;
      fs::remove_all(store_ / file, error);
    }
    connect((store_ / kFiles[0]).string());
    note_ = (store_ / kFiles[0]).string() + " was damaged or of another version; it is made anew";
  } catch (const Refused& refused) {
    into_memory(refused.what());
  }
}

void Index::into_memory(const std::string& why) {
  in_memory_ = true;
  connect(":memory:");
  if (!why.empty()) note_ = (store_ / kFiles[0]).string() + " cannot be used (" + why + "); all runs are read instead";
}

template <class F>
auto Index::guarded(F&& work) {
  try {
    return work();
  } catch (const Refused& refused) {
    if (in_memory_) throw;
    if (refused.damaged()) start_over();
    else into_memory(refused.what());
    refresh_now(true);
    return work();
  }
}

// ---- what is in it ------------------------------------------------------------------------------------------------

int64_t Index::key_of(Subject subject, const std::string& name) {
  auto& place = known_keys_[{subject, name}];
  if (place) return place;
  auto found = database_->prepare("SELECT key FROM keys WHERE subject = ? AND name = ?");
  if (found.bind(1, static_cast<int64_t>(subject)).bind(2, std::string_view(name)).step()) return place = found.integer(0);
  database_->prepare("INSERT INTO keys(subject, name) VALUES(?, ?)")
      .bind(1, static_cast<int64_t>(subject)).bind(2, std::string_view(name)).run();
  return place = database_->last_row();
}

int64_t Index::config_of(const std::string& text) {
  const std::string hash = sha256(text);
  auto found = database_->prepare("SELECT config FROM configs WHERE hash = ?");
  if (found.bind(1, std::string_view(hash)).step()) return found.integer(0);
  database_->prepare("INSERT INTO configs(hash) VALUES(?)").bind(1, std::string_view(hash)).run();
  const int64_t config = database_->last_row();
  const Json parsed = Json::parse(text, nullptr, false);
  auto insert = database_->prepare("INSERT OR IGNORE INTO options VALUES(?, ?, ?)");
  for (const auto& [name, value] : flattened(parsed.is_discarded() ? Json::object() : parsed))
    insert.bind(1, config).bind(2, key_of(Subject::option, name)).bind(3, value).run();
  return config;
}

void Index::forget(const std::string& id) {
  auto found = database_->prepare("SELECT run FROM runs WHERE id = ?");
  if (!found.bind(1, std::string_view(id)).step()) return;
  const int64_t run = found.integer(0);
  found.reset();
  database_->prepare("DELETE FROM facts WHERE run = ?").bind(1, run).run();
  database_->prepare("DELETE FROM runs WHERE run = ?").bind(1, run).run();
}

void Index::add(const std::string& id, int64_t changed, const RunFacts& facts) {
  const Json& meta = facts.meta;
  Json overrides = Json(std::string());
  for (const auto& word : meta.value("overrides", Json::array()))
    if (word.is_string())
      overrides = overrides.get<std::string>() + (overrides == "" ? "" : " ") + word.get<std::string>();
  const std::vector<Json> values{
      facts.status, text_or_null(meta, "name"), text_or_null(meta, "script"), text_or_null(meta, "tag"),
      text_or_null(meta, "seed"), text_or_null(meta, "started"), facts.seconds, facts.epoch, facts.step,
      meta.value("smoke", Json(false)) == Json(true) ? 1 : 0, facts.final ? 1 : 0, text_or_null(meta, "sweep"),
      text_or_null(meta, "parent"), text_or_null(meta, "host"), overrides, text_or_null(meta, "config_hash"),
      text_or_null(meta, "cell_hash"), text_or_null(meta, "code_id")};
  std::string places = "?,?,?";
  for (size_t i = 0; i < values.size(); ++i) places += ",?";
  auto insert = database_->prepare(
      "INSERT INTO runs(id, changed, config, status, name, script, tag, seed, started, seconds, epoch, step, smoke, final,"
      " sweep, parent, host, overrides, config_hash, cell_hash, code_id) VALUES(" + places + ")");
  insert.bind(1, std::string_view(id)).bind(2, changed).bind(3, config_of(facts.config));
  for (size_t i = 0; i < values.size(); ++i) insert.bind(static_cast<int>(i) + 4, values[i]);
  insert.run();
  const int64_t run = database_->last_row();
  auto fact = database_->prepare("INSERT INTO facts(run, place, key, value) VALUES(?, ?, ?, ?)");
  int64_t place = 0;
  for (const auto& [name, value] : facts.params)
    fact.bind(1, run).bind(2, ++place).bind(3, key_of(Subject::param, name)).bind(4, value).run();
  for (const auto& [name, value] : facts.metrics)
    fact.bind(1, run).bind(2, ++place).bind(3, key_of(Subject::metric, name)).bind(4, value).run();
}

template <class F>
void Index::transaction(F&& work) {
  database_->execute("BEGIN IMMEDIATE");
  known_keys_.clear();  // another program may have removed some meanwhile
  try {
    work();
    database_->execute("COMMIT");
  } catch (...) {
    try {
      database_->execute("ROLLBACK");
    } catch (const Refused&) {  // rolled back already; the first reason is the one to tell
    }
    throw;
  }
}

Index::Changes Index::refresh(bool anew) {
  return guarded([&] { return refresh_now(anew); });
}

Index::Changes Index::refresh_now(bool anew) {
  Changes changes;
  std::unordered_map<std::string, int64_t> known;
  auto listed = database_->prepare("SELECT id, changed FROM runs");
  while (listed.step()) known.emplace(listed.text(0), listed.integer(1));
  listed.reset();

  const int64_t time = now();
  std::vector<std::pair<Folder, RunFacts>> batch;
  auto write = [&] {
    transaction([&] {
      for (const auto& [folder, facts] : batch) {
        // what is written at this moment may be written again within the same tick of the file system's clock
        const bool settled = facts.status != "running" && time - folder.changed > kFresh;
        forget(folder.id);
        add(folder.id, settled ? folder.changed : 0, facts);
      }
    });
    changes.read += static_cast<int64_t>(batch.size());
    batch.clear();
  };
  for (const auto& folder : folders_of(store_)) {
    const auto before = known.find(folder.id);
    const bool same = !anew && before != known.end() && before->second == folder.changed;
    if (before != known.end()) known.erase(before);
    if (same || access((store_ / folder.id / "config.json").c_str(), F_OK) != 0) continue;
    batch.emplace_back(folder, read_facts(store_ / folder.id));
    if (batch.size() == kBatch) write();
  }
  if (!batch.empty()) write();
  if (!known.empty()) transaction([&] {
      for (const auto& [id, changed] : known) forget(id);
    });
  changes.removed = static_cast<int64_t>(known.size());
  if (anew) transaction([&] { database_->execute(kTidy); });
  auto running = database_->prepare("SELECT id FROM runs WHERE status = 'running' ORDER BY id");
  while (running.step()) changes.running.emplace_back(running.text(0));
  auto all = database_->prepare("SELECT count(*) FROM runs");
  all.step();
  changes.runs = all.integer(0);
  return changes;
}

void Index::set_status(const std::string& id, const std::string& status) {
  struct stat info{};
  if (stat((store_ / id).c_str(), &info) != 0) return;
  const int64_t changed = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec;
  guarded([&] {
    database_->prepare("UPDATE runs SET status = ?, changed = ? WHERE id = ?")
        .bind(1, std::string_view(status)).bind(2, now() - changed > kFresh ? changed : 0).bind(3, std::string_view(id)).run();
  });
}

std::vector<std::string> Index::names(Subject subject) {
  if (subject == Subject::run) return kColumns;
  return guarded([&] {
    std::vector<std::string> found;
    auto listed = database_->prepare("SELECT name FROM keys WHERE subject = ? ORDER BY name");
    listed.bind(1, static_cast<int64_t>(subject));
    while (listed.step()) found.emplace_back(listed.text(0));
    return found;
  });
}

// ---- queries --------------------------------------------------------------------------------------------------------

std::string Index::expression(const Quantity& of, bool numeric) {
  if (of.subject == Subject::run) {
    if (of.names.size() != 1 || std::find(kColumns.begin(), kColumns.end(), of.names[0]) == kColumns.end())
      fail("unknown column '", joined(of.names, ", "), "'");
    return "r." + of.names[0];
  }
  std::vector<std::string> keys;
  for (const auto& name : of.names) {
    auto found = database_->prepare("SELECT key FROM keys WHERE subject = ? AND name = ?");
    if (found.bind(1, static_cast<int64_t>(of.subject)).bind(2, std::string_view(name)).step())
      keys.push_back(std::to_string(found.integer(0)));
  }
  const std::string among = "v.key IN (" + joined(keys, ",") + ")" + (numeric ? " AND typeof(v.value) <> 'text'" : "");
  return of.subject == Subject::option
             ? "(SELECT v.value FROM options v WHERE v.config = r.config AND " + among + " LIMIT 1)"
             : "(SELECT v.value FROM facts v WHERE v.run = r.run AND " + among + " ORDER BY v.place LIMIT 1)";
}

std::string Index::restriction(const Query& query, std::vector<Json>& bound) {
  static const std::vector<std::string> orders{"<", "<=", ">", ">="};
  std::vector<std::string> all;
  for (const auto& condition : query.conditions) {
    std::vector<std::string> any;
    if (condition.op == "has") {
      bound.push_back(condition.values.at(0));
      all.push_back("instr(lower(r.id || ' ' || r.status || ' ' || coalesce(r.script, '') || ' ' || coalesce(r.tag, '')"
                    " || ' ' || r.overrides), lower(?)) > 0");
    } else if (condition.op == "=" || condition.op == "!=") {
      const std::string of = expression(condition.of, false);
      for (const auto& value : condition.values) {
        bound.push_back(value);
        any.push_back(of + (value.is_string() ? " GLOB ?" : " = ?"));
      }
      const std::string either = "(" + joined(any, " OR ") + ")";
      all.push_back(condition.op == "=" ? either : "NOT coalesce(" + either + ", 1)");
    } else {
      if (std::find(orders.begin(), orders.end(), condition.op) == orders.end()) fail("unknown operator '", condition.op, "'");
      bound.push_back(condition.values.at(0));
      all.push_back(expression(condition.of, bound.back().is_number()) + " " + condition.op + " ?");
    }
  }
  return all.empty() ? "" : " WHERE " + joined(all, " AND ");
}

int64_t Index::count(const Query& query) {
  return guarded([&] {
    std::vector<Json> bound;
    auto counted = database_->prepare("SELECT count(*) FROM runs r" + restriction(query, bound));
    for (size_t i = 0; i < bound.size(); ++i) counted.bind(static_cast<int>(i) + 1, bound[i]);
    counted.step();
    return counted.integer(0);
  });
}

// Parameters that all runs have with one value say nothing of any.
static void leave_out_constants(IndexedRuns& found) {
  std::vector<const Value*> first(found.keys.size());
  std::vector<size_t> equal(found.keys.size());
  for (const auto& run : found.runs)
    for (const auto& [place, value] : run.facts) {
      if (!first[place]) first[place] = &value;
      equal[place] += *first[place] == value;
    }
  std::vector<bool> constant(found.keys.size());
  for (size_t k = 0; k < constant.size(); ++k)
    constant[k] = found.keys[k].subject == Subject::param && equal[k] == found.runs.size();
  for (auto& run : found.runs) std::erase_if(run.facts, [&](const auto& fact) { return constant[fact.first]; });
}

const std::vector<std::string>& Index::columns() { return kColumns; }

IndexedRuns Index::find(const Query& query) {
  return guarded([&] {
    IndexedRuns found;
    std::unordered_map<int64_t, size_t> place_of;
    auto keys = database_->prepare("SELECT key, subject, name FROM keys WHERE subject IN (?, ?)");
    keys.bind(1, static_cast<int64_t>(Subject::metric)).bind(2, static_cast<int64_t>(Subject::param));
    while (keys.step()) {
      place_of.emplace(keys.integer(0), found.keys.size());
      found.keys.push_back({static_cast<Subject>(keys.integer(1)), std::string(keys.text(2))});
    }

    std::vector<Json> bound;
    const auto& fields = query.fields.empty() ? kColumns : query.fields;
    for (const auto& field : fields)
      if (std::find(kColumns.begin(), kColumns.end(), field) == kColumns.end())
        fail("unknown column '", field, "'", did_you_mean(field, kColumns));
    std::string sql = "SELECT r.run, r." + joined(fields, ", r.");
    for (const auto& of : query.shown) sql += ", " + expression(of, false);
    sql += " FROM runs r" + restriction(query, bound);
    if (query.sorted) {
      const std::string by = expression(query.sort, false);
      sql += " ORDER BY " + by + " IS NULL, " + by + (query.descending ? " DESC" : "") + ", r.id";
    } else {
      sql += " ORDER BY r.id DESC";
    }
    auto rows = database_->prepare(sql + " LIMIT " + std::to_string(query.limit));
    for (size_t i = 0; i < bound.size(); ++i) rows.bind(static_cast<int>(i) + 1, bound[i]);
    auto facts = database_->prepare("SELECT key, value FROM facts WHERE run = ? ORDER BY place");
    while (rows.step()) {
      IndexedRuns::Run run;
      int column = 0;
      run.facts.reserve(found.runs.empty() ? 16 : found.runs.back().facts.size());  // much as its neighbour's
      for (size_t c = 0; c < fields.size(); ++c) run.fields.push_back(value_of(rows, ++column));
      for (size_t c = 0; c < query.shown.size(); ++c) run.shown.push_back(value_of(rows, ++column));
      facts.bind(1, rows.integer(0));
      while (facts.step()) run.facts.emplace_back(place_of.at(facts.integer(0)), value_of(facts, 1));
      facts.reset();
      found.runs.push_back(std::move(run));
    }
    if (query.varying) leave_out_constants(found);
    if (!query.sorted) std::reverse(found.runs.begin(), found.runs.end());
    return found;
  });
}

}  // namespace moonlab::run
