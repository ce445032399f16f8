// Labelled texts from files: tables (CSV, TSV, JSON Lines) and the forms of TREC and CLINC150.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "host/data/dataset.hpp"

namespace moonlab::data {

/// Texts with the names of their labels, as a file has them.
struct LabelledTexts {
  std::string file;
  text::Texts texts;
  std::vector<std::vector<std::string>> labels;  // of each text: one or more
  std::vector<int64_t> lines;                    // of each text: where it begins in the file; empty: not known
};

struct TableOptions {
  std::string format;             // "csv", "tsv" or "jsonl"; "" by the file's ending (before .gz)
  std::vector<std::string> text;  // columns whose texts are joined by blanks: names of the header, or numbers from 1
                                  // where there is none; keys for jsonl
  std::string label;              // likewise, one column
  std::string separator;          // between several labels of a text; "": one label each
  bool header = true;             // the first line of a CSV or TSV file names the columns
};

/// Reads a plain or gzip table. CSV as RFC 4180 has it: quoted fields may hold commas, doubled quotes and line ends;
/// TSV without quotes. JSON Lines: an object a line, a label may be a list. Empty lines are skipped. Errors: "FILE:
/// line 12: expected 4 columns, got 2", an unknown column with the nearest, a quote that is never closed, broken UTF-8,
/// an empty label, no texts.
LabelledTexts read_text_table(const std::filesystem::path& file, const TableOptions& options);

/// Lines "COARSE:fine question" (Li and Roth 2002). Labels are "COARSE:fine", or "COARSE" where `fine` is not set.
LabelledTexts read_trec(const std::filesystem::path& file, bool fine);

/// A JSON object { split: [[text, label], ...], ... } (Larson et al. 2019). Errors: a file that is cut, with the place.
std::map<std::string, LabelledTexts> read_text_splits(const std::filesystem::path& file);

/// As a dataset. Labels are numbered as in `class_names`, or where it is empty as they are sorted. Several labels make
/// rows filled up with -1. Errors: "FILE: line 3: unknown label 'cs.LQ'; did you mean 'cs.LG'?"
Dataset text_dataset(const std::string& name, LabelledTexts texts, std::vector<std::string> class_names);

/// All labels of several files, sorted.
std::vector<std::string> label_names(const std::vector<const LabelledTexts*>& files);

}  // namespace moonlab::data
