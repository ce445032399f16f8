#include "host/app/editor.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstring>
#include <cwchar>
#include <filesystem>

#include "host/interrupt.hpp"

namespace moonlab::app {

namespace {

Editor* self(EditLine* editor) {
  void* data = nullptr;
  el_get(editor, EL_CLIENTDATA, &data);
  return static_cast<Editor*>(data);
}

std::string common_start(const std::vector<std::string>& names) {
  std::string start = names[0];
  for (const auto& name : names) {
    size_t n = 0;
    while (n < start.size() && n < name.size() && start[n] == name[n]) ++n;
    start.resize(n);
  }
  return start;
}

}  // namespace

Editor::Editor(const std::string& history, Completer completer) : file_(history), completer_(std::move(completer)) {
  // Letters beyond ASCII need a UTF-8 locale; numbers keep the C locale, so that 0.5 stays 0.5.
  if (!std::setlocale(LC_CTYPE, "") || std::string_view(std::setlocale(LC_CTYPE, nullptr)) == "C")
    std::setlocale(LC_CTYPE, "C.UTF-8");
  editor_ = el_init("moonlab", stdin, stdout, stderr);
  history_ = history_init();
  HistEvent event;
  ::history(history_, &event, H_SETSIZE, 5000);
  ::history(history_, &event, H_SETUNIQUE, 1);
  std::error_code error;
  std::filesystem::create_directories(std::filesystem::path(file_).parent_path(), error);
  ::history(history_, &event, H_LOAD, file_.c_str());
  el_set(editor_, EL_CLIENTDATA, this);
  el_set(editor_, EL_PROMPT, &Editor::prompt_of);
  el_set(editor_, EL_EDITOR, "emacs");
  el_set(editor_, EL_HIST, ::history, history_);
  el_set(editor_, EL_GETCFN, &Editor::read_key);
  el_set(editor_, EL_ADDFN, "complete", "complete the name", &Editor::on_tab);
  el_set(editor_, EL_BIND, "\t", "complete", nullptr);
  el_set(editor_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_set(editor_, EL_BIND, "\033[1;5C", "em-next-word", nullptr);
  el_set(editor_, EL_BIND, "\033[1;5D", "ed-prev-word", nullptr);
  el_set(editor_, EL_BIND, "\033[3~", "ed-delete-next-char", nullptr);
  el_source(editor_, nullptr);  // the user's ~/.editrc
}

Editor::~Editor() {
  history_end(history_);
  el_end(editor_);
}

char* Editor::prompt_of(EditLine* editor) { return self(editor)->prompt_.data(); }

constexpr char kEndOfInput = 4;  // Ctrl-D

// libedit's own reader swallows the first EINTR; this one gives up on an interrupt and understands UTF-8.
int Editor::read_key(EditLine* editor, wchar_t* key) {
  std::mbstate_t partial{};
  for (;;) {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    if (interrupts()) {
      errno = EINTR;
      return -1;
    }
    if (::poll(&input, 1, -1) < 0) continue;
    char byte;
    const ssize_t n = ::read(STDIN_FILENO, &byte, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return static_cast<int>(n);
    if (byte == kEndOfInput || byte == 0) {
      // Ctrl-D typed while the terminal was still in line mode arrives as a zero byte
      const LineInfo* line = el_line(editor);
      if (line->lastchar == line->buffer) return 0;
      if (byte == 0) continue;
    }
    const size_t used = std::mbrtowc(key, &byte, 1, &partial);
    if (used == static_cast<size_t>(-2)) continue;  // more bytes belong to it
    if (used == static_cast<size_t>(-1)) partial = {};
    else return 1;
  }
}

Editor::Read Editor::read(const std::string& prompt, std::string& line) {
  prompt_ = prompt;
  int count = 0;
  const char* text = el_gets(editor_, &count);
  if (interrupts()) {
    std::fputs("^C\n", stdout);
    std::fflush(stdout);
    return Read::interrupted;
  }
  if (!text || count <= 0) return Read::end;
  line.assign(text, static_cast<size_t>(count));
  if (line.ends_with('\n')) line.pop_back();
  return Read::line;
}

void Editor::remember(const std::string& line) {
  HistEvent event;
  ::history(history_, &event, H_ENTER, line.c_str());
  // Appending keeps what another prompt wrote meanwhile.
  const bool fresh = !std::filesystem::exists(file_);
  if (FILE* file = std::fopen(file_.c_str(), "a")) {
    if (fresh) std::fputs("_HiStOrY_V2_\n", file);
    char* encoded = new char[line.size() * 4 + 1];
    char* end = encoded;
    // libedit's file format: a line an entry, blanks and control characters in octal
    for (unsigned char c : line) {
      if (c <= ' ' || c == '\\' || c == 127) end += std::snprintf(end, 5, "\\%03o", c);
      else *end++ = static_cast<char>(c);
    }
    *end = 0;
    std::fprintf(file, "%s\n", encoded);
    delete[] encoded;
    std::fclose(file);
  }
}

void Editor::list(const std::vector<std::string>& names) {
  constexpr size_t kShown = 60;
  size_t width = 0;
  const size_t shown = std::min(names.size(), kShown);
  for (size_t i = 0; i < shown; ++i) width = std::max(width, names[i].size() + 2);
  winsize size{};
  const size_t columns = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
  const size_t per_row = std::max<size_t>(1, columns / std::max<size_t>(1, width));
  std::fputc('\n', stdout);
  for (size_t i = 0; i < shown; ++i) {
    const bool last = (i + 1) % per_row == 0 || i + 1 == shown;
    std::fprintf(stdout, "%-*s%s", last ? 0 : static_cast<int>(width), names[i].c_str(), last ? "\n" : "");
  }
  if (shown < names.size()) std::fprintf(stdout, "and %zu more\n", names.size() - shown);
  std::fflush(stdout);
}

unsigned char Editor::on_tab(EditLine* editor, int) {
  const LineInfo* info = el_line(editor);
  const std::string_view text(info->buffer, static_cast<size_t>(info->cursor - info->buffer));
  if (text.find_first_not_of(" \t") == text.npos) {  // nothing to complete: indent
    el_insertstr(editor, "  ");
    return CC_REFRESH;
  }
  Editor* me = self(editor);
  const Completion found = me->completer_(text);
  if (found.names.empty()) return CC_REFRESH_BEEP;
  const std::string typed(text.substr(found.begin)), start = common_start(found.names);
  if (start.size() > typed.size()) {
    el_insertstr(editor, start.c_str() + typed.size());
    return CC_REFRESH;
  }
  if (found.names.size() == 1) return CC_REFRESH;
  me->list(found.names);
  return CC_REDISPLAY;
}

}  // namespace moonlab::app
