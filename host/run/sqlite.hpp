// SQLite as the index needs it: a database and statements that close themselves, errors as exceptions.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "host/error.hpp"

namespace moonlab::run::sqlite {

using Json = nlohmann::ordered_json;

/// What SQLite refuses: its message, and the number of the reason without its details (SQLITE_CORRUPT, SQLITE_BUSY).
struct Refused : Error {
  Refused(const std::string& text, int code_) : Error(text), code(code_) {}
  /// The file is not a database, or one whose pages or tables are not as they should be: to be made anew.
  bool damaged() const { return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR; }
  int code;
};

/// A statement: values are bound in order from 1, columns counted from 0. Text is copied.
class Statement {
 public:
  Statement(sqlite3* database, std::string_view sql);
  Statement(Statement&& other) noexcept : statement_(other.statement_) { other.statement_ = nullptr; }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  ~Statement() { sqlite3_finalize(statement_); }

  Statement& bind(int place, int64_t value);
  Statement& bind(int place, double value);
  Statement& bind(int place, std::string_view value);
  /// A number, a text, a boolean (as the text "true" or "false") or null; a list or an object as its text.
  Statement& bind(int place, const Json& value);

  /// Goes to the next row; false behind the last one.
  bool step();
  /// Runs to the end and makes ready for the next values.
  void run();
  void reset() { sqlite3_reset(statement_); }

  int64_t integer(int column) { return sqlite3_column_int64(statement_, column); }
  double number(int column) { return sqlite3_column_double(statement_, column); }
  std::string_view text(int column);
  bool is_null(int column) { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  bool is_text(int column) { return sqlite3_column_type(statement_, column) == SQLITE_TEXT; }

 private:
  sqlite3_stmt* statement_ = nullptr;
};

class Database {
 public:
  /// Opens or makes a file; ":memory:" is one that nobody else sees. Waits up to `patience` milliseconds for others.
  Database(const std::string& path, int patience);
  void set_patience(int milliseconds) { sqlite3_busy_timeout(handle_.get(), milliseconds); }
  Statement prepare(std::string_view sql) { return Statement(handle_.get(), sql); }
  /// Runs statements that give no rows.
  void execute(const std::string& sql);
  int64_t last_row() { return sqlite3_last_insert_rowid(handle_.get()); }

 private:
  std::unique_ptr<sqlite3, int (*)(sqlite3*)> handle_;
};

}  // namespace moonlab::run::sqlite
