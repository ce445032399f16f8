#include "host/run/sqlite.hpp"

namespace moonlab::run::sqlite {

namespace {

void checked(int code, sqlite3* database) {
  if (code != SQLITE_OK && code != SQLITE_DONE && code != SQLITE_ROW)
    throw Refused(database ? sqlite3_errmsg(database) : sqlite3_errstr(code), code & 0xff);
}

}  // namespace

Statement::Statement(sqlite3* database, std::string_view sql) {
  checked(sqlite3_prepare_v2(database, sql.data(), static_cast<int>(sql.size()), &statement_, nullptr), database);
}

Statement& Statement::bind(int place, int64_t value) {
  checked(sqlite3_bind_int64(statement_, place, value), sqlite3_db_handle(statement_));
  return *this;
}

Statement& Statement::bind(int place, double value) {
  checked(sqlite3_bind_double(statement_, place, value), sqlite3_db_handle(statement_));
  return *this;
}

Statement& Statement::bind(int place, std::string_view value) {
  // an empty view may hold no address, which would be bound as null
  checked(sqlite3_bind_text(statement_, place, value.empty() ? "" : value.data(), static_cast<int>(value.size()),
                            SQLITE_TRANSIENT),
          sqlite3_db_handle(statement_));
  return *this;
}

Statement& Statement::bind(int place, const Json& value) {
  if (value.is_number_integer()) return bind(place, value.get<int64_t>());
  if (value.is_number()) return bind(place, value.get<double>());
  if (value.is_string()) return bind(place, std::string_view(value.get_ref<const std::string&>()));
  if (value.is_boolean()) return bind(place, std::string_view(value.get<bool>() ? "true" : "false"));
  if (!value.is_null()) return bind(place, std::string_view(value.dump()));
  checked(sqlite3_bind_null(statement_, place), sqlite3_db_handle(statement_));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_);
  checked(code, sqlite3_db_handle(statement_));
  return code == SQLITE_ROW;
}

void Statement::run() {
  while (step()) {
  }
  reset();
}

std::string_view Statement::text(int column) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  return bytes ? std::string_view(bytes, sqlite3_column_bytes(statement_, column)) : std::string_view();
}

Database::Database(const std::string& path, int patience) : handle_(nullptr, sqlite3_close_v2) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  handle_.reset(opened);
  checked(code, opened);
  sqlite3_busy_timeout(opened, patience);
}

void Database::execute(const std::string& sql) {
  checked(sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr), handle_.get());
}

}  // namespace moonlab::run::sqlite
