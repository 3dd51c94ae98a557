#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "source/connection.h"
#include "source/policy.h"
#include "source/table_growth.h"

namespace shoestring {

/// Rows, since Inspection::counted_seconds ago.
struct Counters {
  int64_t inserted = 0;
  int64_t updated = 0;
  int64_t deleted = 0;
  int64_t read = 0;
};

struct Trigger {
  std::string table;
  std::string name;
  std::string function;
  std::string definition;
  bool enabled = true;
};

struct OutwardKey {
  std::string name;
  std::string target;  ///< "auth.users": a table of a schema that was not looked at.
};

/// A column whose type only Postgres has.
struct TextColumn {
  std::string name;
  std::string type;
};

struct InspectedTable {
  std::string schema;
  std::string name;
  char kind = 'r';  ///< pg_class.relkind: r, p, v, m, f.
  uint32_t oid = 0;
  bool readable = true;   ///< By this role,
  bool every_row = true;  ///< of which no policy hides rows.
  bool row_security = false;
  int64_t partitions = 0;       ///< Leaves of a partitioned table.
  std::optional<int64_t> rows;  ///< Estimated; nothing if never analyzed or counted.
  int64_t heap_bytes = 0;
  int64_t index_bytes = 0;
  int64_t toast_bytes = 0;  ///< With its index.
  Counters counters;
  std::string date_column;  ///< The first not-null date, else the first, else "".
  std::optional<Growth> growth;
  int64_t columns = 0;
  std::vector<TextColumn> text_columns;  ///< Of types that become text.
  std::vector<std::string> generated_columns;
  std::vector<std::string> numbered_columns;  ///< Identity, or by a sequence.
  std::vector<Policy> policies;
  std::vector<OutwardKey> outward_keys;

  std::string QualifiedName() const { return schema + "." + name; }
  bool has_rows() const { return kind == 'r' || kind == 'p'; }
  int64_t bytes() const { return heap_bytes + index_bytes + toast_bytes; }
};

struct SourceFunction {
  std::string name;  ///< "public.match(text, integer)"
  std::string language;
  char kind = 'f';  ///< pg_proc.prokind
  bool security_definer = false;
  std::vector<std::string> used_by;  ///< "trigger t on s.t", "policy p on s.t"
};

struct Extension {
  std::string name;
  std::string version;
  std::string schema;
};

struct Publication {
  std::string name;
  bool all_tables = false;
  int64_t tables = 0;
};

/// Counts of what Supabase's services keep; nothing where this role may not read.
struct SupabaseUse {
  std::optional<int64_t> users;
  std::optional<int64_t> buckets;
  std::optional<int64_t> objects;
  std::optional<int64_t> object_bytes;
  std::optional<int64_t> cron_jobs;
  std::vector<std::string> realtime_tables;  ///< Of the publication supabase_realtime.
};

struct Inspection {
  std::string server_version;  ///< "15.18"
  std::string role;
  int64_t bytes = 0;  ///< Of the database.
  int64_t max_connections = 0;
  bool standby = false;
  bool counting = true;       ///< track_counts
  std::string counted_since;  ///< ISO time at which the counters began.
  double counted_seconds = 0;
  int32_t today = 0;  ///< The server's, in days since 1970-01-01.
  std::vector<std::string> schemas;
  std::vector<InspectedTable> tables;  ///< Without leaves and members of extensions.
  std::vector<Trigger> triggers;
  std::vector<SourceFunction> functions;
  std::vector<Extension> extensions;
  std::vector<Publication> publications;
  std::optional<int64_t> large_objects;
  int64_t large_object_bytes = 0;
  std::optional<SupabaseUse> supabase;
};

/// Looks at the schemas named; at all but the system's and Supabase's own if none is.
/// Reads catalogs, statistics and Supabase's counts, never rows of tables, all in one
/// snapshot, and fails at nothing that the role may not read. Throws kNotFound for a
/// schema that is not there.
Inspection Inspect(Connection* connection, const std::vector<std::string>& schemas);

}  // namespace shoestring
