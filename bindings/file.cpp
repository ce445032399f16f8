// Files and folders in host.system. What may fail for reasons outside the program gives nil and the reason.
#include "host/file.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>

#include "bindings/lua.hpp"
#include "bindings/system.hpp"

namespace moonlab::lua {

namespace {

namespace fs = std::filesystem;

// true, or nil and "PATH: reason".
int done(lua_State* L, const std::string& path, const std::string& reason) {
  if (reason.empty()) {
    lua_pushboolean(L, true);
    return 1;
  }
  lua_pushnil(L);
  push(L, path + ": " + reason);
  return 2;
}

int done(lua_State* L, const std::string& path, const std::error_code& error) {
  return done(L, path, error ? error.message() : "");
}

/// write_atomic(path, text), append(path, text): true, or nil and the reason (host/file.hpp).
int write_atomic(lua_State* L) {
  const std::string path = check_string(L, 1);
  return done(L, path, moonlab::write_atomic(path, check_string(L, 2)));
}

int append(lua_State* L) {
  const std::string path = check_string(L, 1);
  return done(L, path, moonlab::append(path, check_string(L, 2)));
}

/// mkdir(path): with all missing parents; true also where it is there already.
int mkdir(lua_State* L) {
  const std::string path = check_string(L, 1);
  std::error_code error;
  fs::create_directories(path, error);
  return done(L, path, error);
}

/// remove(path): a file or a whole folder, links not followed; true also where there is none.
int remove(lua_State* L) {
  const std::string path = check_string(L, 1);
  std::error_code error;
  fs::remove_all(path, error);
  return done(L, path, error);
}

int rename(lua_State* L) {
  const std::string from = check_string(L, 1);
  std::error_code error;
  fs::rename(from, check_string(L, 2), error);
  return done(L, from, error);
}

int link(lua_State* L) {
  const std::string target = check_string(L, 1), path = check_string(L, 2);
  std::error_code error;
  fs::create_symlink(target, path, error);
  return done(L, path, error);
}

/// stat(path): { kind = "file"|"folder"|"other", size = bytes, modified = seconds since 1970 }, or nil and the reason.
int stat(lua_State* L) {
  const std::string path = check_string(L, 1);
  std::error_code error;
  const auto status = fs::status(path, error);
  if (!fs::exists(status)) return done(L, path, error ? error.message() : "No such file or directory");
  const bool file = fs::is_regular_file(status);
  Json result{{"kind", file                       ? "file"
                       : fs::is_directory(status) ? "folder"
                                                  : "other"},
              {"size", file ? fs::file_size(path, error) : 0}};
  const auto modified = std::chrono::file_clock::to_sys(fs::last_write_time(path, error));
  result["modified"] = std::chrono::duration<double>(modified.time_since_epoch()).count();
  push(L, result);
  return 1;
}

/// list(folder): the names in it, sorted, or nil and the reason.
int list(lua_State* L) {
  const std::string path = check_string(L, 1);
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error))
    names.push_back(entry->path().filename().string());
  if (error) return done(L, path, error);
  std::sort(names.begin(), names.end());
  push(L, names);
  return 1;
}

/// absolute(path): without links, dots and double slashes as far as the path exists.
int absolute(lua_State* L) {
  const std::string path = check_string(L, 1);
  std::error_code error;
  const auto result = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) return done(L, path, error);
  push(L, result.string());
  return 1;
}

/// temporary_folder(prefix): a new empty one; the caller removes it.
int temporary_folder(lua_State* L) {
  push(L, make_temporary_folder(optional_string(L, 1, "moonlab")));
  return 1;
}

int working_folder(lua_State* L) {
  push(L, fs::current_path().string());
  return 1;
}

}  // namespace

void add_files(lua_State* L) {
  const luaL_Reg functions[] = {
      {"write_atomic", write_atomic},
      {"append", append},
      {"mkdir", mkdir},
      {"remove", remove},
      {"rename", rename},
      {"link", link},
      {"stat", stat},
      {"list", list},
      {"absolute", absolute},
      {"temporary_folder", temporary_folder},
      {"working_folder", working_folder},
  };
  for (const auto& [name, function] : functions) {
    lua_pushcfunction(L, function);
    lua_setfield(L, -2, name);
  }
}

}  // namespace moonlab::lua
