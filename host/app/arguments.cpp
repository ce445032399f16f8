#include "host/app/arguments.hpp"

#include <algorithm>

#include "host/error.hpp"

namespace moonlab::app {

namespace {

bool is_path(const std::string& word) { return word.find('/') != word.npos || word.ends_with(".lua"); }

}  // namespace

Arguments parse_arguments(const std::vector<std::string>& words) {
  using Action = Arguments::Action;
  Arguments result;
  auto word = words.begin();
  for (; word != words.end() && word->starts_with("-") && *word != "-e"; ++word) {
    if (*word == "--debug") {
      result.debug = true;
    } else if (*word == "--help" || *word == "-h") {
      result.action = Action::help;
    } else if (*word == "--version" || *word == "-V") {
      result.action = Action::version;
    } else if (*word == "--") {
      ++word;
      break;
    } else {
      fail("unknown flag '", *word, "'", did_you_mean(*word, {"--debug", "--help", "--version", "-e"}));
    }
  }
  if (result.action != Action::prompt || word == words.end()) return result;
  if (*word == "-e") {
    if (++word == words.end()) fail("-e needs the code to run: moonlab -e 'print(torch.ones(2, 2))'");
    result.action = Action::code;
  } else {
    result.action = is_path(*word) ? Action::file : Action::command;
  }
  result.target = *word++;
  result.rest.assign(word, words.end());
  if (result.action == Action::command && std::erase(result.rest, "--debug")) result.debug = true;
  return result;
}

}  // namespace moonlab::app
