#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "engine/column_pages.h"
#include "engine/read_ahead.h"
#include "lake/table_metadata.h"

namespace shoestring {

/// The parts of a Parquet file that hold these columns, by their field ids, of the row
/// groups that `keeps` a scan: it is shown what the footer knows of each, in the form
/// that the catalog has it of a whole file. Throws kCorrupt for a footer that is none.
std::vector<ByteRange> ColumnRanges(const std::string& footer, const TableMetadata& table,
                                    const std::set<int>& fields,
                                    const std::function<bool(const DataFile&)>& keeps);

/// The same of the pages that a scan reads, as far as the page index, which `read` gives
/// parts of, leaves any out: `keeps` is shown pieces of row groups, too.
std::vector<ByteRange> PageRanges(const std::string& footer, const TableMetadata& table,
                                  const std::set<int>& fields,
                                  const std::function<bool(const DataFile&)>& keeps,
                                  const ReadIndex& read);

}  // namespace shoestring
