// Line editing on a terminal (libedit): history in a file, completion, Ctrl-C that clears the line.
#pragma once

#include <histedit.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/app/complete.hpp"

namespace moonlab::app {

class Editor {
 public:
  enum class Read { line, interrupted, end };
  using Completer = std::function<Completion(std::string_view text)>;

  /// `history` is the file that inputs are kept in, made where it is missing; where that is impossible, the history
  /// lasts for this session only.
  Editor(const std::string& history, Completer completer);
  ~Editor();
  Editor(const Editor&) = delete;
  Editor& operator=(const Editor&) = delete;

  /// Reads one line, without its line feed. `interrupted`: Ctrl-C; `end`: Ctrl-D on an empty line or a closed terminal.
  Read read(const std::string& prompt, std::string& line);

  /// Remembers a line and writes it to the file at once, so that a crash loses nothing.
  void remember(const std::string& line);

 private:
  static char* prompt_of(EditLine* editor);
  static unsigned char on_tab(EditLine* editor, int key);
  static int read_key(EditLine* editor, wchar_t* key);
  void list(const std::vector<std::string>& names);

  EditLine* editor_ = nullptr;
  History* history_ = nullptr;
  std::string file_, prompt_;
  Completer completer_;
};

}  // namespace moonlab::app
